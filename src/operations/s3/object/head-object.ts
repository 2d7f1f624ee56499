/** HeadObject: what GetObject would tell, without the bytes. */
import type { HeadObjectRequest } from '../../../model/shapes.gen.ts'
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

async function read(input: HeadObjectRequest, context: Context): Promise<Reply<ReadOutput>> {
  const ref = versionRef(input)
  if (input.PartNumber === undefined) {
    const info = await context.keyspace.head(ref)
    requireConditions(input, info)
    const selection = selectRange(input.Range, info)
    return { output: tellObject(input, info, selection), status: statusOf(selection) }
  }
  const opened = await context.keyspace.open(ref)
  requireConditions(input, opened.info)
  const wantsChecksum = input.ChecksumMode === 'ENABLED'
  const selection = await selectPart(opened, input.PartNumber, wantsChecksum)
  return { output: tellObject(input, opened.info, selection), status: statusOf(selection) }
}

const statusOf = (selection: Selection): number => (selection.partial ? 206 : 200)

export const headObject: Operation<'HeadObject'> = {
  action: 's3:GetObject',
  versionAction: 's3:GetObjectVersion',
  async run(input, context) {
    requireReadable(input, context)
    try {
      return await read(input, context)
    } catch (thrown) {
      throw readFailure(thrown)
    }
  },
}
