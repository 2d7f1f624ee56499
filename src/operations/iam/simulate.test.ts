import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueryContext } from '../query-operation.ts'
import { simulateCustomPolicy } from './simulate.ts'

const context = { account: { id: 'a', number: '123456789012' } } as unknown as QueryContext

test('each action is asked of each resource, and no more of them than a page tells', async () => {
  const asked: string[] = []
  const names = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject']
  const ActionNames = new Proxy(names, {
    get(target, name, receiver) {
      if (typeof name === 'string' && /^\d+$/.test(name)) asked.push(name)
      return Reflect.get(target, name, receiver) as unknown
    },
  })
  const policy = (Effect: string, Action: string, Resource: string) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect, Action, Resource }] })
  const input = {
    PolicyInputList: [
      policy('Allow', 's3:*', 'arn:aws:s3:::bucket/*'),
      policy('Deny', 's3:Delete*', '*'),
    ],
    ActionNames,
    ResourceArns: ['arn:aws:s3:::bucket/a', 'arn:aws:s3:::other/a'],
    MaxItems: 4,
  }
  const told = async (Marker?: string) => {
    const answer = await simulateCustomPolicy.run({ ...input, Marker }, context)
    const texts = (answer.EvaluationResults ?? []).map(
      ({ EvalActionName, EvalResourceName, EvalDecision }) =>
        `${EvalActionName} ${EvalResourceName?.slice(13)} ${EvalDecision}`,
    )
    return { texts, marker: answer.Marker }
  }
  const first = await told()
  assert.deepEqual(first.texts, [
    's3:GetObject bucket/a allowed',
    's3:GetObject other/a implicitDeny',
    's3:PutObject bucket/a allowed',
    's3:PutObject other/a implicitDeny',
  ])
  assert.ok(!asked.includes('2'))
  assert.deepEqual(await told(first.marker), {
    texts: ['s3:DeleteObject bucket/a explicitDeny', 's3:DeleteObject other/a explicitDeny'],
    marker: undefined,
  })
})
