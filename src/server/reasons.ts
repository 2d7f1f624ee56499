/** What the system says of a file or folder, in words for whoever runs the server. */
import { codeOf } from '../stores/files/disk.ts'

const words: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'what is to be a folder is none',
  EEXIST: 'what is to be a folder is none',
  ENOENT: 'there is no such place',
  ENXIO: 'nobody reads from it',
  ELOOP: 'its symbolic links lead in a circle',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of this user on the disk is exhausted',
}

/** Why something failed, to stand behind a colon. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const known = words[codeOf(error) ?? '']
  return known ?? error.message
}
