/** GetObjectTorrent: S3 stopped to make torrents in 2022, so no object has one. */
import { S3Error } from '../../../model/errors.ts'
import type { Operation } from '../../operation.ts'

export const getObjectTorrent: Operation<'GetObjectTorrent'> = {
  action: 's3:GetObjectTorrent',
  run(input) {
    return Promise.reject(
      new S3Error('NoSuchKey', { Key: input.Key }, 'The specified key has no torrent.'),
    )
  },
}
