import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { QueryError } from '../../model/query-errors.ts'
import { queryServices } from '../../model/query-services.ts'
import { decodeQuery } from './decode.ts'
import { encodeQuery, encodeQueryError } from './encode.ts'

const { iam, sts } = queryServices

const refused = (body: string, code: string, message = /./) =>
  assert.throws(
    () => decodeQuery(body),
    (error: unknown) =>
      error instanceof QueryError && error.code === code && message.test(error.message),
    body,
  )

describe('a form', () => {
  it('becomes an input by the model', () => {
    const { service, action, input } = decodeQuery(
      'Action=CreateUser&Version=2010-05-08&UserName=a%2Bb+c&Tags.member.2.Key=k2&Tags.member.2.Value=&Tags.member.1.Key=k1&Tags.member.1.Value=v%26',
    )
    assert.equal(service, iam)
    assert.equal(action, 'CreateUser')
    assert.deepEqual(input, {
      UserName: 'a+b c',
      Tags: [
        { Key: 'k1', Value: 'v&' },
        { Key: 'k2', Value: '' },
      ],
    })
  })

  it('has lists in the order of their numbers, numbers and switches by their kinds', () => {
    const body = Array.from({ length: 12 }, (_, i) => `TransitiveTagKeys.member.${i + 1}=k${i + 1}`)
    const { service, input } = decodeQuery(
      `Action=AssumeRole&RoleArn=r&RoleSessionName=s&DurationSeconds=900&${body.reverse().join('&')}`,
    )
    assert.equal(service, sts)
    assert.deepEqual(input, {
      RoleArn: 'r',
      RoleSessionName: 's',
      DurationSeconds: 900,
      TransitiveTagKeys: Array.from({ length: 12 }, (_, i) => `k${i + 1}`),
    })
    assert.deepEqual(decodeQuery('Action=ListPolicies&OnlyAttached=true').input, {
      OnlyAttached: true,
    })
    const empty = decodeQuery('Action=TagUser&UserName=u&Tags=').input
    assert.deepEqual(empty, { UserName: 'u', Tags: [] })
  })

  it('passes over what the model does not know', () => {
    assert.deepEqual(decodeQuery('Action=GetUser&Colour=red&__proto__.x=1').input, {})
  })

  it('is refused when it cannot be read', () => {
    refused('', 'MissingAction')
    refused('UserName=u', 'MissingAction')
    refused('Action=Fly', 'InvalidAction', /Fly/)
    refused('Action=toString', 'InvalidAction')
    refused('Action=GetUser&Version=2011-06-15', 'InvalidAction', /2011-06-15/)
    refused('Action=CreateUser', 'ValidationError', /'userName'/)
    refused('Action=TagUser&UserName=u&Tags.member.1.Key=k', 'ValidationError', /'value'/)
    refused('Action=GetUser&UserName=%FF', 'MalformedInput')
    refused('Action=GetUser&UserName=%', 'MalformedInput')
    refused('Action=GetUser&UserName=a&UserName=b', 'MalformedInput')
    refused('Action=GetUser&UserName.x=a', 'MalformedInput')
    refused('Action=ListUsers&MaxItems=many', 'MalformedInput')
    refused('Action=TagUser&UserName=u&Tags.member.x.Key=k&Tags.member.x.Value=v', 'MalformedInput')
    refused('Action=TagUser&UserName=u&Tags.member.1=k', 'MalformedInput')
    refused('Action=TagUser&UserName=u&Tags=k', 'MalformedInput')
    refused(`Action=GetUser&${'a.'.repeat(50)}b=1`, 'MalformedInput')
    refused(`Action=GetUser${'&a'.repeat(5000)}`, 'MalformedInput')
  })
})

describe('an answer', () => {
  it('has result and metadata in the name space of its service', () => {
    const user = {
      Path: '/',
      UserName: 'a<b',
      UserId: 'AIDA',
      Arn: 'arn',
      CreateDate: new Date(0),
      Tags: [{ Key: 'k', Value: '&' }],
    }
    assert.equal(
      encodeQuery(iam, 'CreateUser', { User: user }, 'R'),
      '<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/</Path><UserName>a&lt;b</UserName><UserId>AIDA</UserId><Arn>arn</Arn><CreateDate>1970-01-01T00:00:00.000Z</CreateDate><Tags><member><Key>k</Key><Value>&amp;</Value></member></Tags></User></CreateUserResult><ResponseMetadata><RequestId>R</RequestId></ResponseMetadata></CreateUserResponse>',
    )
    assert.equal(
      encodeQuery(iam, 'DeleteUser', {}, 'R'),
      '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>R</RequestId></ResponseMetadata></DeleteUserResponse>',
    )
    assert.match(
      encodeQuery(iam, 'GetAccountSummary', { SummaryMap: { Users: 1 } }, 'R'),
      /<SummaryMap><entry><key>Users<\/key><value>1<\/value><\/entry><\/SummaryMap>/,
    )
  })

  it('tells errors with their type', () => {
    assert.equal(
      encodeQueryError(new QueryError('NoSuchEntity', 'no <user>'), iam, 'R'),
      '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no &lt;user&gt;</Message></Error><RequestId>R</RequestId></ErrorResponse>',
    )
    assert.match(encodeQueryError(new QueryError('InternalFailure'), sts, 'R'), /<Type>Receiver</)
  })
})
