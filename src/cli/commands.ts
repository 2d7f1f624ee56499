/** Every command there is. Each is loaded only when it is called. */
import type { Command, Flag } from './command.ts'
import { remoteCommands } from './remote-commands.ts'

const serverFlags = async (): Promise<Readonly<Record<string, Flag>>> =>
  (await import('./serve.ts')).serveFlags()

/** What a command on a data folder must know of it. */
const folderFlags = async (makesIt = false): Promise<Readonly<Record<string, Flag>>> => {
  const { data, config } = await serverFlags()
  const doc = 'Data folder of a server [./moongate-data]'
  return { ...(data && { data: makesIt ? data : { ...data, doc } }), ...(config && { config }) }
}

export const commands: readonly Command[] = [
  {
    name: 'serve',
    kind: 'server',
    summary: 'Run the server; this is what moongate alone does',
    flags: serverFlags,
    details: async () => (await import('./serve.ts')).serveDetails(),
    examples: [
      'moongate',
      'moongate serve --data /srv/s3 --host 0.0.0.0 --port 9000',
      'moongate serve --memory --port 0',
      'MOONGATE_BUCKETS=photos,logs moongate serve --domain s3.example.com',
    ],
    run: async args => (await import('./serve.ts')).serve(args),
  },
  {
    name: 'root-key rotate',
    kind: 'folder',
    summary: 'Give the root account a new key and show it once; the old one stops to work',
    flags: () => folderFlags(),
    examples: ['moongate root-key rotate --data /srv/s3', 'moongate root-key rotate --json'],
    run: async args => (await import('./root-key.ts')).rotateRootKey(args),
  },
  {
    name: 'check',
    kind: 'folder',
    summary:
      'Verify the data: bytes against sizes, ETags and checksums, and all that refers to them',
    flags: async () => ({
      ...(await folderFlags()),
      bucket: {
        shown: 'NAME',
        doc: 'Look at this bucket alone (/vol1/bucket1 in another volume); counts concern all and are left out',
      },
      repair: { doc: 'Put counts and heads right and let go of what nobody refers to' },
    }),
    details: async () => (await import('./check.ts')).checkDetails,
    examples: [
      'moongate check --data /srv/s3',
      'moongate check --repair',
      'moongate check --bucket photos --json',
    ],
    run: async args => (await import('./check.ts')).check(args),
  },
  {
    name: 'export',
    kind: 'folder',
    summary: 'Write a bucket into a new folder, as plain files under their keys',
    positionals: 'BUCKET DIR',
    flags: async () => ({
      ...(await folderFlags()),
      prefix: { shown: 'P', doc: 'Only keys that begin so' },
      versions: { doc: 'Noncurrent versions and delete markers too' },
    }),
    details: async () => (await import('./transfer.ts')).exportDetails,
    examples: [
      'moongate export photos ./photos --data /srv/s3',
      'moongate export photos ./photos-2026 --prefix 2026/ --versions',
    ],
    run: async args => (await import('./transfer.ts')).exportCommand(args),
  },
  {
    name: 'import',
    kind: 'folder',
    summary: 'Make a bucket of a folder of plain files, or of an export',
    positionals: 'DIR BUCKET',
    flags: async () => ({
      ...(await folderFlags(true)),
      prefix: { shown: 'P', doc: 'Put before every key' },
      overwrite: { doc: 'Write keys anew that are there already' },
      owner: { shown: 'ID', doc: 'Canonical id of the account that a new bucket is to belong to' },
    }),
    details: async () => (await import('./transfer.ts')).importDetails,
    examples: [
      'moongate import ./website www --data /srv/s3',
      'moongate import ./photos photos --prefix 2026/ --overwrite',
    ],
    run: async args => (await import('./transfer.ts')).importCommand(args),
  },
  ...remoteCommands,
]
