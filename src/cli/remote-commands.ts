/** Commands on a running server, which speak to its admin API. */
import type { Arguments, Command, Flag } from './command.ts'
import { identityCommandList } from './identity-commands.ts'
import { bucketsFlag, liftedFlag, quotaDetails, quotaFlags } from './quota-flags.ts'
import type { Said } from './said.ts'

type Flags = Readonly<Record<string, Flag>>

/** Every remote command can be told where the server is and which key to use. */
const remote = ({ own = {}, ...command }: Said): Command => ({
  ...command,
  kind: 'remote',
  flags: async () => ({ ...own, ...(await import('./calls.ts')).remoteFlags }),
})

const owner: Flags = { owner: { shown: 'ID', doc: 'Canonical id of the account it belongs to' } }
const volumeQuota: Flags = { ...quotaFlags, ...bucketsFlag }
type VolumeCommands = typeof import('./volume.ts')
const volume =
  (name: 'createVolume' | 'listVolumes' | 'showVolume' | 'limitVolume' | 'deleteVolume') =>
  async (args: Arguments): Promise<number> => {
    const commands: VolumeCommands = await import('./volume.ts')
    return commands[name](args)
  }

const volumeCommands: readonly Said[] = [
  {
    name: 'volume create',
    summary: 'Make a volume; one that is there already is well',
    positionals: 'VOLUME',
    own: { ...owner, ...volumeQuota },
    examples: ['moongate volume create /vol1', 'moongate volume create /vol1 --quota-bytes 10GiB'],
    run: volume('createVolume'),
  },
  {
    name: 'volume list',
    summary: 'Show the volumes that you administer',
    examples: ['moongate volume list', 'moongate volume list --json'],
    run: volume('listVolumes'),
  },
  {
    name: 'volume info',
    summary: 'Show a volume, its quota and what is used of it',
    positionals: 'VOLUME',
    examples: ['moongate volume info /vol1'],
    run: volume('showVolume'),
  },
  {
    name: 'volume quota',
    summary: 'Set the quota of a volume; what is in it is counted first',
    positionals: 'VOLUME',
    own: { ...volumeQuota, ...liftedFlag },
    details: quotaDetails,
    examples: [
      'moongate volume quota /vol1 --quota-bytes 10GiB --quota-buckets 20',
      'moongate volume quota /vol1 --none',
    ],
    run: volume('limitVolume'),
  },
  {
    name: 'volume delete',
    summary: 'Delete a volume that has no buckets',
    positionals: 'VOLUME',
    examples: ['moongate volume delete /vol1'],
    run: volume('deleteVolume'),
  },
]

type BucketCommands = typeof import('./bucket.ts')
const bucket =
  (name: keyof BucketCommands) =>
  async (args: Arguments): Promise<number> => {
    const commands: BucketCommands = await import('./bucket.ts')
    return commands[name](args)
  }

const bucketCommands: readonly Said[] = [
  {
    name: 'bucket create',
    summary: 'Make a bucket in a volume; one that is there already is well',
    positionals: 'BUCKET',
    own: { ...owner, ...quotaFlags },
    examples: ['moongate bucket create /vol1/bucket1', 'moongate bucket create photos'],
    run: bucket('createBucket'),
  },
  {
    name: 'bucket list',
    summary: 'Show the buckets and links of a volume, your own if none is named',
    positionals: '[VOLUME]',
    own: { prefix: { shown: 'P', doc: 'Only names that begin so' } },
    examples: ['moongate bucket list /vol1', 'moongate bucket list --json'],
    run: bucket('listBuckets'),
  },
  {
    name: 'bucket info',
    summary: 'Show a bucket with its quota, or a link and where it leads',
    positionals: 'BUCKET',
    examples: ['moongate bucket info /vol1/bucket1'],
    run: bucket('showBucket'),
  },
  {
    name: 'bucket link',
    summary: 'Make a name that leads to a bucket of another volume',
    positionals: 'BUCKET LINK',
    own: owner,
    examples: ['moongate bucket link /vol1/bucket1 /s3v/common-bucket'],
    run: bucket('linkBucket'),
  },
  {
    name: 'bucket policy',
    summary: 'Show what other accounts may do through a link, or say it',
    positionals: 'LINK [FILE]',
    own: { none: { doc: 'Nothing: leave the link to the account that owns it' } },
    details: async () =>
      [
        'FILE is a bucket policy, - for standard input; its resources are those of the link. What somebody may do in',
        "the bucket behind it that bucket's own policy says, which is put with aws s3api put-bucket-policy.",
      ].join('\n'),
    examples: [
      'moongate bucket policy common-bucket',
      'moongate bucket policy common-bucket readers.json',
      'moongate bucket policy common-bucket --none',
    ],
    run: bucket('linkPolicy'),
  },
  {
    name: 'bucket path',
    summary: 'Show in which volume a bucket is, and an address that names both',
    positionals: 'BUCKET',
    examples: ['moongate bucket path bucket1'],
    run: bucket('bucketPath'),
  },
  {
    name: 'bucket quota',
    summary: 'Set the quota of a bucket; what is in it is counted first',
    positionals: 'BUCKET',
    own: { ...quotaFlags, ...liftedFlag },
    details: quotaDetails,
    examples: ['moongate bucket quota /vol1/bucket1 --quota-bytes 1GiB'],
    run: bucket('limitBucket'),
  },
  {
    name: 'bucket delete',
    summary: 'Delete a bucket that holds nothing, or a link and only the link',
    positionals: 'BUCKET',
    examples: ['moongate bucket delete /s3v/common-bucket'],
    run: bucket('deleteBucket'),
  },
]

export const remoteCommands: readonly Command[] = [
  ...volumeCommands,
  ...bucketCommands,
  ...identityCommandList,
].map(remote)
