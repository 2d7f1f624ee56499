import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isErrorCode, S3Error } from './errors.ts'
import { shapeTable } from './operations.gen.ts'
import { operationNames, operations, shapeOf } from './operations.ts'

test('112 operations of the model and the form upload', () => {
  assert.equal(operationNames.length, 113)
  assert.ok(operationNames.includes('PostObject'))
})

test('every shape that is named is there', () => {
  for (const name of operationNames) {
    const { input, output } = operations[name]
    if (name !== 'PostObject') assert.ok(shapeTable[input], input)
    if (output !== undefined) assert.ok(shapeTable[output], output)
  }
  for (const shape of Object.values(shapeTable)) {
    for (const { kind } of shape.members) {
      if (typeof kind === 'object') assert.ok(shapeTable[kind.shape], kind.shape)
    }
  }
})

test('facts that the SDK says in odd places', () => {
  assert.equal(operations.DeleteObjects.checksumRequired, true)
  assert.equal(operations.PutObject.checksumRequired, undefined)
  const body = shapeOf('PutObjectLegalHoldRequest').members.find(
    ({ in: binding }) => binding === 'payload',
  )
  assert.equal(body?.as, 'LegalHold')
  const key = shapeOf('PutObjectRequest').members.find(({ name }) => name === 'SSECustomerKey')
  assert.equal(key?.secret, true)
  const expires = shapeOf('GetObjectOutput').members.find(({ name }) => name === 'Expires')
  assert.equal(expires?.kind, 'string')
})

test('an error knows its status and keeps its fields', () => {
  const error = new S3Error('NoSuchKey', { Key: 'k' }, 'Gone.')
  assert.equal(error.status, 404)
  assert.equal(error.message, 'Gone.')
  assert.deepEqual(error.fields, { Key: 'k' })
  assert.ok(isErrorCode('SlowDown'))
  assert.ok(!isErrorCode('toString'))
})
