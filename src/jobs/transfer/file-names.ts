/**
 * Keys as paths of files, reversibly. A key's segments between slashes are folders and, last, a file, with these escapes:
 * `%` and two hex digits for `%`, `\`, control characters and, on Windows, what names there cannot have; `%2E` and
 * `%2E%2E` for `.` and `..`; `%00`, which no key has, for an empty segment; `%-` at the end of a name whose segment goes
 * on in the next (segments longer than 240 bytes). A folder named as a file beside it ends in `%2F`. Names at the top
 * that begin like ours have their first dot escaped.
 */
import { folderMark, type TreePath } from '../../ports/file-tree.ts'

/** What our own names at the top of an export begin with. */
export const ownNames = '.moongate-export'

const nameBytesMax = 240
const continued = '%-'
const emptySegment = '%00'

const hex = (code: number): string => `%${code.toString(16).toUpperCase().padStart(2, '0')}`

/** Names that Windows keeps for devices, whatever their extension. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

function escapeCharacter(character: string, windows: boolean): string {
  const code = character.charCodeAt(0)
  const special = code < 0x20 || code === 0x7f || character === '%' || character === '\\'
  return special || (windows && '<>:"|?*'.includes(character)) ? hex(code) : character
}

/** The pieces that a name must not be cut within: characters and escapes. */
function pieces(segment: string, windows: boolean, first: boolean): string[] {
  if (segment === '') return [emptySegment]
  const list = Array.from(segment, character => escapeCharacter(character, windows))
  if (segment === '.' || segment === '..') return list.map(() => '%2E')
  if (first && segment.toLowerCase().startsWith(ownNames)) list[0] = '%2E'
  if (!windows) return list
  const last = list.at(-1)
  if (last === '.' || last === ' ') list[list.length - 1] = hex(last.charCodeAt(0))
  if (devices.test(segment)) list[0] = hex(segment.charCodeAt(0))
  return list
}

/** One name, or several where the segment is too long for one. */
function namesOf(segment: string, windows: boolean, first: boolean): string[] {
  const names: string[] = []
  let name = ''
  let bytes = 0
  for (const piece of pieces(segment, windows, first)) {
    const length = Buffer.byteLength(piece)
    if (bytes + length > nameBytesMax) {
      names.push(name + continued)
      name = ''
      bytes = 0
    }
    name += piece
    bytes += length
  }
  names.push(name)
  return names
}

/** The path of a key's file. Different keys have different paths. */
export function pathOfKey(key: string, windows = false): TreePath {
  return key.split('/').flatMap((segment, index) => namesOf(segment, windows, index === 0))
}

/** The key whose file has this path; undefined if it is no path that {@link pathOfKey} makes. */
export function keyOfPath(path: TreePath): string | undefined {
  let key = ''
  for (const [index, name] of path.entries()) {
    const isFolder = index < path.length - 1
    const marked = isFolder && name.endsWith(folderMark) && name.length > folderMark.length
    const own = marked ? name.slice(0, -folderMark.length) : name
    const goesOn = isFolder && own.endsWith(continued)
    const text = unescapeName(goesOn ? own.slice(0, -continued.length) : own)
    if (text === undefined) return undefined
    key += text
    if (isFolder && !goesOn) key += '/'
  }
  return key
}

function unescapeName(name: string): string | undefined {
  if (name === emptySegment) return ''
  let wrong = false
  const text = name.replace(/%(.{0,2})/g, (_, digits: string) => {
    const code = /^[0-9A-Fa-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : 0
    wrong ||= code === 0 || code > 0x7f || code === 0x2f
    return String.fromCharCode(code)
  })
  return wrong ? undefined : text
}
