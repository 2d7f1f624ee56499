/** The address of an object, as answers tell it. */
import { urlEncode } from '../../rules/listing.ts'

/** Path style under the public URL, which has no slash at its end. */
export const objectUrl = (publicUrl: string, bucket: string, key: string): string =>
  `${publicUrl}/${bucket}/${urlEncode(key)}`
