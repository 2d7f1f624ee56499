/** `node bench/policy.ts`: what a decision costs, without a server: µs for 0, 1 and 20 statements. */
import { cpus } from 'node:os'
import { type DecisionInput, decide } from '../src/rules/policy/decide.ts'
import { type PolicyKind, parsePolicy } from '../src/rules/policy/policy.ts'

const account = '111111111111'
const user = `arn:aws:iam::${account}:user/ann`
const rounds = 200_000

const values: Readonly<Record<string, string | readonly string[]>> = {
  'aws:username': 'ann',
  'aws:sourceip': '203.0.113.7',
  'aws:securetransport': 'true',
  'aws:principaltag/team': 'red',
  's3:existingobjecttag/team': 'red',
}

/** Statements that all speak of the action, none but the last of the key, so that every one is looked at. */
function statementsOf(count: number, whom: object): object[] {
  return Array.from({ length: count }, (_, i) => ({
    Sid: `s${i}`,
    Effect: 'Allow',
    ...whom,
    Action: i % 2 === 0 ? ['s3:GetObject', 's3:PutObject'] : 's3:*',
    Resource:
      i === count - 1
        ? ['arn:aws:s3:::photos', 'arn:aws:s3:::photos/*']
        : [`arn:aws:s3:::photos/elsewhere${i}/*`, `arn:aws:s3:::other${i}/*`],
    Condition: {
      IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '203.0.113.0/24'] },
      Bool: { 'aws:SecureTransport': 'true' },
    },
  }))
}

/** The dearest kind: all twenty are matched to the end, with variables that are filled in each time. */
const variableStatements = (count: number): object[] =>
  Array.from({ length: count }, (_, i) => {
    const last = i === count - 1
    const tag = last ? '${aws:PrincipalTag/team}' : '${aws:PrincipalTag/team}*'
    return {
      Effect: last ? 'Allow' : 'Deny',
      Action: 's3:Get*',
      Resource: 'arn:aws:s3:::photos/${aws:username}/*',
      Condition: {
        [last ? 'StringEquals' : 'StringNotLike']: { 's3:ExistingObjectTag/team': tag },
      },
    }
  })

const policyOf = (kind: PolicyKind, statements: object[]) => ({
  name: kind,
  policy: parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), kind),
})

const input = (changes: Partial<DecisionInput>): DecisionInput => ({
  request: {
    caller: { kind: 'user', account, canonicalId: 'c', arns: [user] },
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::photos/ann/2026/picture.jpg',
    condition: key => values[key],
  },
  resourceAccount: account,
  identity: [],
  ...changes,
})

const whom = { Principal: { AWS: user } }
const cases: Readonly<Record<string, DecisionInput>> = {
  'root user, no policies': input({
    request: {
      ...input({}).request,
      caller: { kind: 'root', account, canonicalId: 'c', arns: [`arn:aws:iam::${account}:root`] },
    },
  }),
  'no statements': input({}),
  'identity policy of 1 statement': input({
    identity: [policyOf('identity', statementsOf(1, {}))],
  }),
  'identity policy of 20 statements': input({
    identity: [policyOf('identity', statementsOf(20, {}))],
  }),
  'bucket policy of 20 statements': input({ resource: policyOf('bucket', statementsOf(20, whom)) }),
  '20 statements with variables': input({
    identity: [policyOf('identity', variableStatements(20))],
  }),
}

function microseconds(of: DecisionInput): number {
  let allowed = 0
  const run = (times: number): void => {
    for (let i = 0; i < times; i++) if (decide(of).allowed) allowed += 1
  }
  run(rounds / 10)
  const start = performance.now()
  run(rounds)
  const took = performance.now() - start
  if (allowed % (rounds / 10) !== 0) throw new Error('the same question, and another answer')
  return (took * 1000) / rounds
}

const write = (line: string): boolean => process.stdout.write(`${line}\n`)
write(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}\n`)
write('| what | answer | µs per decision |')
write('|---|---|---:|')
for (const [name, of] of Object.entries(cases)) {
  write(`| ${name} | ${decide(of).reason} | ${microseconds(of).toFixed(2)} |`)
}
const text = JSON.stringify({ Version: '2012-10-17', Statement: statementsOf(20, whom) })
const start = performance.now()
for (let i = 0; i < 2000; i++) parsePolicy(text, 'bucket')
write(`| parsing 20 statements | | ${((performance.now() - start) / 2).toFixed(0)} |`)
