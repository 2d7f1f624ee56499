// Which policies count as public: AWS's examples, and their neighbours.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPublicPolicy, parsePolicy } from './policy.ts'

const statement = {
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::b/*',
}

function isPublic(changes: object): boolean {
  const Statement = { ...statement, ...changes }
  const text = JSON.stringify({ Version: '2012-10-17', Statement })
  return isPublicPolicy(parsePolicy(text, 'bucket', { bucket: 'b' }))
}

test('public policies', () => {
  assert.equal(isPublic({ Principal: { AWS: '*' } }), true)
  assert.equal(isPublic({ Principal: { AWS: ['123456789012', '*'] } }), true)
  assert.equal(isPublic({ Principal: { Federated: 'graph.facebook.com' } }), true)
  assert.equal(isPublic({ Principal: { AWS: '123456789012' } }), false)
  assert.equal(isPublic({ Principal: { Service: 'logging.s3.amazonaws.com' } }), false)
  assert.equal(isPublic({ Effect: 'Deny' }), false)
  const table: [boolean, string, string, string | string[]][] = [
    [false, 'StringEquals', 'aws:SourceVpc', 'vpc-91237329'],
    [true, 'StringLike', 'aws:SourceVpc', 'vpc-*'],
    [true, 'StringEquals', 'aws:SourceVpc', ['vpc-1', '${aws:username}']],
    [true, 'StringEqualsIfExists', 'aws:SourceVpc', 'vpc-91237329'],
    [true, 'StringNotEquals', 'aws:SourceVpc', 'vpc-91237329'],
    [true, 'ForAllValues:StringEquals', 'aws:SourceVpc', 'vpc-91237329'],
    [false, 'ForAnyValue:StringEquals', 'aws:SourceVpc', 'vpc-91237329'],
    [true, 'StringEquals', 'aws:Referer', 'https://example.org/'],
    [true, 'StringEquals', 'aws:SourceVpc', ''],
    [false, 'StringEquals', 'aws:PrincipalOrgID', 'o-1'],
    [false, 'ArnEquals', 'aws:SourceArn', 'arn:aws:s3:::c'],
    [true, 'ArnLike', 'aws:SourceArn', 'arn:aws:s3:::*'],
    [true, 'StringLike', 'aws:userid', 'AROLEID:*'],
    [
      false,
      'StringLike',
      's3:DataAccessPointArn',
      'arn:aws:s3:us-west-2:123456789012:accesspoint/*',
    ],
    [true, 'StringLike', 's3:DataAccessPointArn', 'arn:aws:s3:us-west-2:*:accesspoint/a'],
    [false, 'IpAddress', 'aws:SourceIp', ['10.0.0.0/8', '2001:db8::/32']],
    [true, 'IpAddress', 'aws:SourceIp', ['10.0.0.0/8', '0.0.0.0/1']],
    [true, 'IpAddress', 'aws:SourceIp', '2000::/31'],
    [true, 'NotIpAddress', 'aws:SourceIp', '10.0.0.0/8'],
    [true, 'IpAddress', 'aws:VpcSourceIp', '10.0.0.0/8'],
    [true, 'Bool', 'aws:SecureTransport', 'true'],
  ]
  for (const [expected, operator, key, value] of table)
    assert.equal(
      isPublic({ Condition: { [operator]: { [key]: value } } }),
      expected,
      `${operator} ${key} ${value.toString()}`,
    )
})
