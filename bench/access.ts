/**
 * `node bench/access.ts [SECONDS [ROUNDS]]`: what knowing and judging who asks costs on a GET of 1 KiB, in µs of the
 * server's CPU: without it (--insecure), as an account's root, as a user with one statement, and with twenty. They take
 * turns, so that a machine that is slow for a while is slow for all.
 */
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam'
import { load } from './load.ts'
import { once } from './runs.ts'
import { startOwn, type Target, urlOf } from './target.ts'

const [seconds = 3, rounds = 7] = process.argv.slice(2).map(Number)
const connections = 64
const bucket = '/access'
const keys = Array.from({ length: 2000 }, (_, i) => `${bucket}/small/${i % 100}/${i}`)

/** Statements of which only the last speaks of the bucket, so that every one is looked at. */
function policyOf(count: number): string {
  const Statement = Array.from({ length: count }, (_, i) => ({
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:ListBucket'],
    Resource: i === count - 1 ? 'arn:aws:s3:::access/*' : `arn:aws:s3:::other-${i}/prefix/*`,
    Condition: { IpAddress: { 'aws:SourceIp': ['127.0.0.0/8', '10.0.0.0/8'] } },
  }))
  return JSON.stringify({ Version: '2012-10-17', Statement })
}

async function userOf(target: Target, statements: number): Promise<Target> {
  const { host, accessKeyId, secret } = target
  const credentials = { accessKeyId, secretAccessKey: secret }
  const iam = new IAMClient({ endpoint: `http://${host}`, region: 'us-east-1', credentials })
  const UserName = `user-${statements}`
  await iam.send(new CreateUserCommand({ UserName }))
  const PolicyDocument = policyOf(statements)
  const made = new CreatePolicyCommand({ PolicyName: UserName, PolicyDocument })
  const PolicyArn = (await iam.send(made)).Policy?.Arn
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {}
  return { ...target, accessKeyId: AccessKeyId, secret: SecretAccessKey }
}

async function fill(target: Target): Promise<void> {
  await once(target, { method: 'PUT', path: urlOf(target, 'PUT', bucket) })
  const urls = keys.map(key => urlOf(target, 'PUT', key))
  for (let skip = 0; skip < keys.length; ) {
    const put = { method: 'PUT', urls, connections, seconds: 2, bodyBytes: 1024, skip }
    skip += (await load(target, put)).requests
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const open = await startOwn({ port: 9296, workers: 1, flags: ['--insecure'] })
const secured = await startOwn({ port: 9297, workers: 1 })
try {
  for (const target of [open, secured]) await fill(target)
  const cases: readonly (readonly [string, Target])[] = [
    ['--insecure', open],
    ['root, no policies', secured],
    ['user, 1 statement', await userOf(secured, 1)],
    ['user, 20 statements', await userOf(secured, 20)],
  ]
  const found = cases.map((): number[] => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [i, [, target]] of cases.entries()) {
      const urls = keys.map(key => urlOf(target, 'GET', key))
      const run = await load(target, { method: 'GET', urls, connections, seconds })
      if (run.errors > 0) throw new Error(`${run.errors} requests were refused`)
      // The first round warms up.
      if (round > 0) found[i]?.push(run.cpuMicros)
    }
  }
  for (const [i, [name]] of cases.entries()) {
    const own = found[i] ?? []
    const over = own.map((micros, round) => micros - (found[0]?.[round] ?? Number.NaN))
    process.stdout.write(
      `| ${name} | ${median(own).toFixed(1)} µs | ${i === 0 ? '' : `+${median(over).toFixed(1)} µs`} |\n`,
    )
  }
} finally {
  await open.stop()
  await secured.stop()
}
