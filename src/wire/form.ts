// multipart/form-data of PostObject, read as it comes: fields first, bounded, then the file as a stream. Source: RFC
// 7578; Amazon S3 API reference, "POST Object".

import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

export interface FormFile {
  /** As the client named it, `''` if it did not. */
  readonly filename: string
  /** The type that the part itself states. */
  readonly contentType: string | undefined
  /** To be read once. What follows the file is left unread, as AWS ignores it. */
  readonly bytes: AsyncIterable<Buffer>
}

export interface Form {
  /** By their names in lower case. */
  readonly fields: ReadonlyMap<string, string>
  readonly file: FormFile
}

/** Ours: the headers of one part, and how many fields there may be. */
const partHeaderBytes = 4096
const fieldsMax = 1000

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const malformed = () => new S3Error('MalformedPOSTRequest')

const text = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    throw malformed()
  }
}

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i

/** Parameters of a header like `form-data; name="key"; filename="a.txt"`, names in lower case. */
const headerParameters = (header: string): Map<string, string> => {
  const found = new Map<string, string>()
  let at = header.indexOf(';')
  while (at >= 0 && at < header.length) {
    const equals = header.indexOf('=', at)
    if (equals < 0) break
    const name = header
      .slice(at + 1, equals)
      .trim()
      .toLowerCase()
    const quoted = header[equals + 1] === '"'
    let end = equals + 1
    let value = ''
    if (quoted) {
      for (end++; end < header.length && header[end] !== '"'; end++) {
        // Browsers write %22; other clients a backslash, which is one itself in the paths of Windows.
        if (header[end] === '\\' && header[end + 1] === '"') end++
        value += header[end]
      }
      if (end >= header.length) throw malformed()
      end = header.indexOf(';', end)
    } else {
      end = header.indexOf(';', equals)
      value = header.slice(equals + 1, end < 0 ? undefined : end).trim()
    }
    if (!token.test(name) || found.has(name)) throw malformed()
    found.set(name, value)
    at = end
  }
  return found
}

/**
 * The boundary of a form's content type.
 * @throws S3Error RequestIsNotMultiPartContent, MalformedPOSTRequest
 */
const boundaryOf = (contentType: string | undefined): string => {
  const kind = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (contentType === undefined || kind !== 'multipart/form-data') {
    throw new S3Error('RequestIsNotMultiPartContent')
  }
  const boundary = headerParameters(contentType).get('boundary')
  if (boundary === undefined || boundary === '' || boundary.length > 200) throw malformed()
  return boundary
}

/** What has come of the body and was not consumed yet. */
class Pending {
  readonly #source: AsyncIterator<Buffer>
  // The first boundary has no line break before it; with this one it looks like the others.
  bytes: Buffer = Buffer.from('\r\n')

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Waits for more bytes. @throws S3Error MalformedPOSTRequest at the end of the body */
  async more(): Promise<void> {
    const next = await this.#source.next()
    if (next.done === true) throw malformed()
    this.bytes = this.bytes.length === 0 ? next.value : Buffer.concat([this.bytes, next.value])
  }

  /** Takes everything up to the mark, which goes too. */
  async until(mark: Buffer, max: number, tooLong: () => S3Error): Promise<Buffer> {
    for (;;) {
      const at = this.bytes.indexOf(mark)
      if (at > max || (at < 0 && this.bytes.length > max + mark.length)) throw tooLong()
      if (at >= 0) {
        const taken = this.bytes.subarray(0, at)
        this.bytes = this.bytes.subarray(at + mark.length)
        return taken
      }
      await this.more()
    }
  }

  /** Tells the source that nothing more is read. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }
}

const lineEnd = Buffer.from('\r\n')

/** Where the tail of `bytes` may begin the mark; their length if nowhere. */
const possibleMark = (bytes: Buffer, mark: Buffer): number => {
  const from = Math.max(0, bytes.length - mark.length + 1)
  for (let at = bytes.indexOf(0x0d, from); at >= 0; at = bytes.indexOf(0x0d, at + 1)) {
    if (mark.subarray(0, bytes.length - at).equals(bytes.subarray(at))) return at
  }
  return bytes.length
}

async function* fileBytes(pending: Pending, mark: Buffer): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const { bytes } = pending
      const at = bytes.indexOf(mark)
      const end = at < 0 ? possibleMark(bytes, mark) : at
      pending.bytes = bytes.subarray(end)
      if (end > 0) yield bytes.subarray(0, end)
      if (at >= 0) return
      await pending.more()
    }
  } finally {
    await pending.close()
  }
}

interface PartHead {
  readonly name: string
  readonly filename: string
  readonly contentType: string | undefined
}

const readHead = (head: string): PartHead => {
  let disposition: string | undefined
  let contentType: string | undefined
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon <= 0) throw malformed()
    const value = line.slice(colon + 1).trim()
    const name = line.slice(0, colon).trim().toLowerCase()
    if (name === 'content-disposition') disposition = value
    else if (name === 'content-type') contentType = value
  }
  const parameters = disposition === undefined ? undefined : headerParameters(disposition)
  const name = parameters?.get('name')
  if (name === undefined || name === '') throw malformed()
  return { name: name.toLowerCase(), filename: parameters?.get('filename') ?? '', contentType }
}

/** The head of the part that begins behind a boundary, or undefined at the last boundary. */
const nextHead = async (pending: Pending): Promise<PartHead | undefined> => {
  while (pending.bytes.length < 2) await pending.more()
  if (pending.bytes.subarray(0, 2).toString('latin1') === '--') return undefined
  // Blanks may stand behind a boundary.
  const padding = await pending.until(lineEnd, 100, malformed)
  if (padding.toString('latin1').trim() !== '') throw malformed()
  const head = await pending.until(Buffer.from('\r\n\r\n'), partHeaderBytes, malformed)
  return readHead(text(head))
}

const tooLarge = () => new S3Error('MaxPostPreDataLengthExceeded')

const readParts = async (pending: Pending, mark: Buffer): Promise<Form> => {
  const fields = new Map<string, string>()
  let left: number = limits.post_fields_bytes_max
  // Nothing is promised about what stands before the first boundary, and nobody writes anything there.
  await pending.until(mark, limits.post_fields_bytes_max, malformed)
  for (;;) {
    const head = await nextHead(pending)
    if (head === undefined) throw new S3Error('IncorrectNumberOfFilesInPostRequest')
    if (head.name === 'file') {
      const { filename, contentType } = head
      return { fields, file: { filename, contentType, bytes: fileBytes(pending, mark) } }
    }
    const value = await pending.until(mark, Math.max(left, 0), tooLarge)
    left -= value.length + Buffer.byteLength(head.name)
    if (left < 0 || fields.size >= fieldsMax) throw tooLarge()
    if (fields.has(head.name)) {
      throw new S3Error(
        'InvalidArgument',
        { ArgumentName: head.name, ArgumentValue: text(value) },
        'A field of the form must be given only once.',
      )
    }
    fields.set(head.name, text(value))
  }
}

/**
 * Reads a form up to its file, which must be its last part.
 * @param contentType the request's header
 * @throws S3Error RequestIsNotMultiPartContent, MalformedPOSTRequest, MaxPostPreDataLengthExceeded,
 *   IncorrectNumberOfFilesInPostRequest (no file), InvalidArgument (a field twice)
 */
export const readForm = async (
  body: AsyncIterable<Buffer>,
  contentType: string | undefined,
): Promise<Form> => {
  const mark = Buffer.from(`\r\n--${boundaryOf(contentType)}`, 'latin1')
  const pending = new Pending(body)
  try {
    return await readParts(pending, mark)
  } catch (error) {
    await pending.close()
    throw error
  }
}

/**
 * The field `key` with `${filename}` replaced by the file's own name, without the folders that some browsers send.
 * @throws S3Error InvalidArgument where there is no such field
 */
export const formKey = ({ fields, file }: Form): string => {
  const key = fields.get('key')
  if (key === undefined || key === '') throw missingField('key')
  const name = file.filename.slice(
    Math.max(file.filename.lastIndexOf('/'), file.filename.lastIndexOf('\\')) + 1,
  )
  return key.replaceAll('${filename}', () => name)
}

/** The error for a field that must stand before the file. */
export const missingField = (name: string): S3Error =>
  new S3Error(
    'InvalidArgument',
    { ArgumentName: name, ArgumentValue: '' },
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
  )
