/** `moongate root-key rotate`: on a data folder whose server is stopped. */
import { rotateRoot } from '../server/folder.ts'
import { processConfig } from '../server/process.ts'
import type { Arguments } from './command.ts'
import { WrongUse } from './command.ts'

export async function rotateRootKey({ flags, positionals, output }: Arguments): Promise<number> {
  if (positionals.length > 0)
    throw new WrongUse(`root-key rotate takes no argument: ${positionals.join(' ')}.`)
  const config = processConfig({ flags, note: output.note })
  const { accessKeyId, secret } = await rotateRoot(config)
  output.result(
    `The root key is now, and will not be shown again:\n  ${accessKeyId}\n  ${secret}`,
    { accessKeyId, secretAccessKey: secret },
  )
  return 0
}
