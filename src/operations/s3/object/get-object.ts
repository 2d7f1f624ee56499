/** GetObject: an object's bytes, or a range or part of them. */
import type { GetObjectRequest } from '../../../model/shapes.gen.ts'
import { BlobMissing } from '../../../ports/blob-store.ts'
import type { OpenObject } from '../../../ports/keyspace.ts'
import type { Operation, Reply } from '../../operation.ts'
import {
  type ReadOutput,
  readFailure,
  requireConditions,
  requireReadable,
  selectPart,
  selectRange,
  tellObject,
  versionRef,
} from './read.ts'

async function answer(input: GetObjectRequest, opened: OpenObject): Promise<Reply<ReadOutput>> {
  const { info, bytes } = opened
  requireConditions(input, info)
  const selection =
    input.PartNumber === undefined
      ? selectRange(input.Range, info)
      : await selectPart(opened, input.PartNumber, input.ChecksumMode === 'ENABLED')
  const { span } = selection
  const length = span.end - span.start
  const output = tellObject(input, info, selection)
  const status = selection.partial ? 206 : 200
  if (bytes !== undefined) {
    const body = length === bytes.length ? bytes : bytes.subarray(span.start, span.end)
    return { output, status, body, length }
  }
  if (length === 0) return { output, status, body: new Uint8Array(0), length }
  return { output, status, body: await opened.stream(span), length }
}

export const getObject: Operation<'GetObject'> = {
  action: 's3:GetObject',
  versionAction: 's3:GetObjectVersion',
  async run(input, context) {
    requireReadable(input, context)
    const ref = versionRef(input)
    const open = async (): Promise<OpenObject> => {
      try {
        return await context.keyspace.open(ref)
      } catch (thrown) {
        throw readFailure(thrown)
      }
    }
    try {
      return await answer(input, await open())
    } catch (thrown) {
      // The object was replaced and its bytes swept before the first of them was read: what stands there now is asked.
      if (!(thrown instanceof BlobMissing)) throw thrown
      return answer(input, await open())
    }
  },
}
