import assert from 'node:assert/strict'
import { createECDH, verify as verifyCrypto } from 'node:crypto'
import { describe, it } from 'node:test'
import { check, presigned, refuses, region, signed } from './requests.fixture.ts'
import { deriveScalar, ecdsaKey, regionSetHas } from './sigv4a.ts'

describe('SigV4A', () => {
  it("derives the key of AWS's test suite", () => {
    const scalar = deriveScalar('AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
    const curve = createECDH('prime256v1')
    curve.setPrivateKey(scalar)
    assert.equal(
      curve.getPublicKey('hex'),
      '04b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518',
    )
    assert.equal(
      verifyCrypto('sha256', Buffer.from('x'), ecdsaKey('a', 'b'), Buffer.from('00', 'hex')),
      false,
    )
  })

  it('verifies headers and URLs, and refuses what was changed', () => {
    check(signed({ ecdsa: true, region: '*' }))
    check(presigned({ ecdsa: true, region: 'eu-*,us-east-*' }))
    refuses('SignatureDoesNotMatch', 403, {
      ...signed({ ecdsa: true, region: '*' }),
      method: 'PUT',
    })
    refuses('SignatureDoesNotMatch', 403, signed({ ecdsa: true, region: '*' }), { secret: 'other' })
    refuses('InvalidAccessKeyId', 403, signed({ ecdsa: true, region: '*' }), { secret: undefined })
    refuses('AuthorizationHeaderMalformed', 400, signed({ ecdsa: true, region: 'eu-*' }))
  })

  it('matches region sets', () => {
    assert.equal(regionSetHas('*', region), true)
    assert.equal(regionSetHas('us-*-1', region), true)
    assert.equal(regionSetHas('eu-west-1, us-east-1', region), true)
    assert.equal(regionSetHas('us-east', region), false)
    assert.equal(regionSetHas('', region), false)
    assert.equal(regionSetHas(`${'*a'.repeat(2000)}b`, 'a'.repeat(5000)), false)
  })
})
