/** Markers of parts, which S3's shapes carry as text. */
import { S3Error } from '../../model/errors.ts'

const digits = /^\d{1,9}$/

/** The number of the part after which a page begins; 0 for the start. Throws InvalidArgument for what is no number. */
export function partMarker(written: string | undefined, argument: string): number {
  if (written === undefined || written === '') return 0
  if (!digits.test(written)) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: argument, ArgumentValue: written },
      `Argument ${argument} must be an integer between 0 and 2147483647`,
    )
  }
  return Number(written)
}
