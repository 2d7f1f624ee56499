/** `moongate check`, put together: a folder whose server is stopped, and the job that verifies it. */
import { checkFolder } from '../jobs/check/check.ts'
import type { CheckProgress, CheckReport, Finding } from '../jobs/check/finding.ts'
import type { Config } from './config.ts'
import { bucketNamed, inFolder } from './folder.ts'

export type { CheckProgress, CheckReport, Finding }

export interface FolderCheck {
  /** Name of the only bucket that is looked at. */
  readonly bucket: string | undefined
  readonly repair: boolean
  readonly onFinding: (finding: Finding) => void
  readonly onProgress: (progress: CheckProgress) => void
}

/** Rejects as {@link inFolder} does, and with CommandFailed for a bucket that is not there. */
export const checkData = (config: Config, options: FolderCheck): Promise<CheckReport> =>
  inFolder(config, async house => {
    const { bucket: name } = options
    const bucket = name === undefined ? undefined : (await bucketNamed(house, name)).id
    return await checkFolder(house.core, { ...options, bucket })
  })
