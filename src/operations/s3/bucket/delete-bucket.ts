/** DeleteBucket: removes a bucket that holds no object and no version, or a link. */
import type { Operation } from '../../operation.ts'

export const deleteBucket: Operation<'DeleteBucket'> = {
  action: 's3:DeleteBucket',
  ofLink: true,
  async run(_input, context) {
    await context.buckets.remove(context.bucket)
    return { output: {} }
  },
}
