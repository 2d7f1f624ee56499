/** `moongate bucket …`. */
import { adminPath } from '../admin/client.ts'
import {
  call,
  callAll,
  flagOf,
  type Place,
  placeIn,
  positionalsOf,
  remoteAccess,
  volumeIn,
} from './calls.ts'
import { type Arguments, WrongUse } from './command.ts'
import { documentIn } from './document.ts'
import {
  limitsOf,
  type NewQuota,
  noQuota,
  quotaAfter,
  quotaLines,
  tellQuota,
  type Usage,
  untouched,
} from './quota.ts'

interface Reference {
  readonly volume: string
  readonly name: string
}

interface Bucket extends Reference {
  readonly owner: string
  readonly created: string
  readonly region?: string
  readonly versioning?: string
  readonly link?: Reference
  readonly leadsTo?: Reference | null
  readonly broken?: string
}

interface Info {
  readonly bucket: Bucket
  readonly usage: (Usage & { readonly counting: boolean }) | null
}

const pathOf = ({ volume, bucket }: Place, kind = 'buckets'): string =>
  adminPath('volumes', volume, kind, bucket)

const shown = ({ volume, name }: Reference): string => `/${volume}/${name}`

export async function createBucket(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'bucket create BUCKET', 1)
  const limits = limitsOf(args)
  const data = await call<{ bucket: Bucket; created: boolean }>(args, {
    method: 'PUT',
    path: pathOf(placeIn(text)),
    body: { owner: flagOf(args, 'owner'), ...limits },
  })
  const state = data.created ? 'is made.' : `is there already.${untouched(limits)}`
  args.output.result(`Bucket ${shown(data.bucket)} ${state}`, data)
  return 0
}

export async function linkBucket(args: Arguments): Promise<number> {
  const [from = '', to = ''] = positionalsOf(args, 'bucket link BUCKET LINK', 2)
  const source = placeIn(from)
  const data = await call<{ bucket: Bucket; created: boolean }>(args, {
    method: 'PUT',
    path: pathOf(placeIn(to), 'links'),
    body: {
      owner: flagOf(args, 'owner'),
      sourceVolume: source.volume,
      sourceBucket: source.bucket,
    },
  })
  const { bucket, created } = data
  const way = bucket.link === undefined ? '' : ` to ${shown(bucket.link)}`
  args.output.result(
    `Link ${shown(bucket)}${way} ${created ? 'is made' : 'is there already'}.`,
    data,
  )
  return 0
}

export async function listBuckets(args: Arguments): Promise<number> {
  const [text] = positionalsOf(args, 'bucket list [VOLUME]', 0, 1)
  const volume = text === undefined ? '-' : volumeIn(text)
  const path = `${adminPath('volumes', volume)}/buckets`
  const query = { prefix: flagOf(args, 'prefix') }
  for (const bucket of await callAll<Bucket>(args, { method: 'GET', path, query }, 'buckets')) {
    const way = bucket.link === undefined ? '' : ` -> ${shown(bucket.link)}`
    args.output.result(`${shown(bucket)}${way}`, bucket)
  }
  return 0
}

const infoOf = (args: Arguments, text: string): Promise<Info> =>
  call<Info>(args, { method: 'GET', path: pathOf(placeIn(text)) })

function detailsOf({ region, versioning, link, leadsTo, broken }: Bucket): string[] {
  if (link === undefined) return [`  region   ${region}`, `  versions ${versioning}`]
  const end = leadsTo ? `  leads to ${shown(leadsTo)}` : `  leads nowhere (${broken})`
  return [`  link to  ${shown(link)}`, end]
}

export async function showBucket(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'bucket info BUCKET', 1)
  const data = await infoOf(args, text)
  const { bucket, usage } = data
  const lines = [
    shown(bucket),
    `  owner    ${bucket.owner}`,
    `  created  ${bucket.created}`,
    ...detailsOf(bucket),
    ...(usage === null ? [] : quotaLines(usage.quota, usage)),
    ...(usage?.counting === true ? ['  counting what was there before its quota'] : []),
  ]
  args.output.result(lines.join('\n'), data)
  return 0
}

/** As `ozone sh bucket path` says it, with our addresses. One that leads nowhere is told, and is a failure. */
export async function bucketPath(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'bucket path BUCKET', 1)
  const { bucket } = await infoOf(args, text)
  const { volume, name, broken } = bucket
  const uri = `${remoteAccess(args).endpoint.replace(/\/$/, '')}/${volume}:${name}`
  const words = [`Volume name for S3Bucket is : ${volume}`, `Moongate Uri is : ${uri}`]
  args.output.result(words.join('\n'), { volume, bucket: name, uri, broken })
  if (broken === undefined) return 0
  args.output.note(`moongate: link ${shown(bucket)} leads nowhere (${broken})`)
  return 1
}

export async function limitBucket(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'bucket quota BUCKET', 1)
  const path = `${pathOf(placeIn(text))}/quota`
  const body = await quotaAfter(args, limitsOf(args), async () => {
    const { usage } = await infoOf(args, text)
    return usage?.quota ?? noQuota
  })
  tellQuota(args, text, await call<NewQuota>(args, { method: 'PUT', path, body }))
  return 0
}

/** Shows the policy of a link, puts another one in force, or lifts it. */
export async function linkPolicy(args: Arguments): Promise<number> {
  const [text = '', file] = positionalsOf(args, 'bucket policy LINK [FILE]', 1, 2)
  const path = `${pathOf(placeIn(text), 'links')}/policy`
  const isLifted = args.flags.has('none')
  if (isLifted && file !== undefined) throw new WrongUse('Name a FILE or say --none.')
  if (isLifted) {
    await call(args, { method: 'DELETE', path })
    args.output.result(`Link ${text} has no policy.`, { link: text, policy: null })
  } else if (file === undefined) {
    const data = await call<{ document: unknown }>(args, { method: 'GET', path })
    args.output.result(JSON.stringify(data.document, null, 2), data)
  } else {
    const document = documentIn(file)
    await call(args, { method: 'PUT', path, body: { document } })
    args.output.result(`The policy of link ${text} is in force.`, { link: text, document })
  }
  return 0
}

export async function deleteBucket(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'bucket delete BUCKET', 1)
  // Only for the words: who may delete it but not look at it deletes it all the same.
  const info = await infoOf(args, text).catch(() => undefined)
  await call(args, { method: 'DELETE', path: pathOf(placeIn(text)) })
  const word = info?.bucket.link === undefined ? 'Bucket' : 'Link'
  args.output.result(`${word} ${text} is gone.`, { bucket: text, deleted: true })
  return 0
}
