/** GetObject: an object's bytes, or a range or part of them. */
import type { GetObjectRequest } from '../../../model/shapes.gen.ts'
import { BlobMissing } from '../../../ports/blob-store.ts'
import type { ObjectInfo, OpenObject, Span, VersionRef } from '../../../ports/keyspace.ts'
import type { Context, Operation, Reply } from '../../operation.ts'
import {
  type ReadOutput,
  readFailure,
  requireConditions,
  requireReadable,
  type Selection,
  selectPart,
  selectRange,
  tellObject,
  versionRef,
} from './read.ts'

const cut = (bytes: string | Uint8Array, { start, end }: Span): string | Uint8Array => {
  if (end - start === bytes.length) return bytes
  return typeof bytes === 'string' ? bytes.slice(start, end) : bytes.subarray(start, end)
}

function reply(
  input: GetObjectRequest,
  info: ObjectInfo,
  selection: Selection,
  body: NonNullable<Reply<ReadOutput>['body']>,
): Reply<ReadOutput> {
  const { span, partial } = selection
  const output = tellObject(input, info, selection)
  return { output, status: partial ? 206 : 200, body, length: span.end - span.start }
}

/** The answer where the whole body is at hand: at once. */
function answerAtHand(
  input: GetObjectRequest,
  info: ObjectInfo,
  bytes: string | Uint8Array,
): Reply<ReadOutput> {
  requireConditions(input, info)
  const selection = selectRange(input.Range, info)
  return reply(input, info, selection, cut(bytes, selection.span))
}

async function answer(input: GetObjectRequest, opened: OpenObject): Promise<Reply<ReadOutput>> {
  const { info, bytes } = opened
  requireConditions(input, info)
  const selection =
    input.PartNumber === undefined
      ? selectRange(input.Range, info)
      : await selectPart(opened, input.PartNumber, input.ChecksumMode === 'ENABLED')
  const { span } = selection
  if (bytes !== undefined) return reply(input, info, selection, cut(bytes, span))
  const body = span.end === span.start ? new Uint8Array(0) : await opened.stream(span)
  return reply(input, info, selection, body)
}

async function open(context: Context, ref: VersionRef): Promise<OpenObject> {
  try {
    return await context.keyspace.open(ref)
  } catch (thrown) {
    throw readFailure(thrown)
  }
}

/** The answer where bytes are still to be read, or a part to be found. */
async function read(
  input: GetObjectRequest,
  opened: OpenObject,
  again: () => Promise<OpenObject>,
): Promise<Reply<ReadOutput>> {
  try {
    return await answer(input, opened)
  } catch (thrown) {
    // The object was replaced and its bytes swept before the first of them was read: what stands there now is asked.
    if (!(thrown instanceof BlobMissing)) throw thrown
    return answer(input, await again())
  }
}

export const getObject: Operation<'GetObject'> = {
  action: 's3:GetObject',
  versionAction: 's3:GetObjectVersion',
  async run(input, context) {
    requireReadable(input, context)
    const ref = versionRef(input)
    let opened: OpenObject
    // As `open` does it: what is at hand is answered after this one promise.
    try {
      opened = await context.keyspace.open(ref)
    } catch (thrown) {
      throw readFailure(thrown)
    }
    const { info, bytes } = opened
    if (bytes !== undefined && input.PartNumber === undefined)
      return answerAtHand(input, info, bytes)
    return read(input, opened, () => open(context, ref))
  },
}
