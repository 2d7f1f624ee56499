/** What a newcomer reads after the start. */

export interface BannerFacts {
  readonly version: string
  readonly endpoint: string
  readonly root: {
    readonly accessKeyId: string
    /** Only when the key was made now. */
    readonly secret: string | undefined
    /** Whether the configuration gave the secret. */
    readonly given: boolean
  }
  readonly region: string
  /** Undefined in memory. */
  readonly data: string | undefined
  readonly buckets: readonly string[]
  /** Where the access log goes, in words. */
  readonly accessLog: string
  readonly insecure: boolean
  readonly workers: number
}

function credentials({ root, insecure }: BannerFacts): readonly string[] {
  if (insecure)
    return [
      'INSECURE: any access key is taken, no signature is checked. Clients want to be given one:',
      ...exportLines('any', 'any'),
      '',
    ]
  if (root.secret === undefined) {
    const known = root.given ? 'as configured' : 'set before; its secret is not shown'
    return [`  Root key    ${root.accessKeyId} (${known})`, '']
  }
  return [
    '  Root key, made now. The secret is not shown again; keep it:',
    ...exportLines(root.accessKeyId, root.secret),
    '',
  ]
}

/** A key as a shell takes it. */
export const exportLines = (accessKeyId: string, secret: string): readonly string[] => [
  `    export AWS_ACCESS_KEY_ID=${accessKeyId}`,
  `    export AWS_SECRET_ACCESS_KEY=${secret}`,
]

/** The banner, with a line feed at its end. */
export function banner(facts: BannerFacts): string {
  const { version, endpoint, region, data, buckets, accessLog, workers } = facts
  const bucket = buckets[0] ?? 'my-bucket'
  const aws = `aws --endpoint-url ${endpoint} --region ${region} s3`
  const made = buckets.length > 0 ? [] : [`    ${aws} mb s3://${bucket}`]
  return [
    `Moongate ${version} serves S3 at ${endpoint}`,
    '',
    ...credentials(facts),
    `  Data        ${data ?? 'in memory; gone when the server stops'}`,
    `  Access log  ${accessLog}`,
    `  Workers     ${workers}`,
    ...(buckets.length > 0 ? [`  Buckets     ${buckets.join(', ')}`] : []),
    '',
    '  Try:',
    ...made,
    `    ${aws} cp README.md s3://${bucket}/`,
    `    ${aws} ls s3://${bucket}`,
    '',
  ].join('\n')
}

/** The same for programs. The secret is there where the banner shows it. */
export function bannerData(facts: BannerFacts): object {
  const { version, endpoint, region, root, data, buckets, accessLog, insecure, workers } = facts
  const { accessKeyId, secret } = root
  const key = { accessKeyId, ...(secret === undefined ? {} : { secretAccessKey: secret }) }
  return {
    version,
    endpoint,
    region,
    ...(insecure ? {} : key),
    data: data ?? null,
    accessLog,
    insecure,
    workers,
    buckets,
  }
}
