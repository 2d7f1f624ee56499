/** `moongate root-key rotate`: on a data folder whose server is stopped. */
import { exportLines } from '../server/banner.ts'
import { rotateRoot } from '../server/folder.ts'
import { processConfig } from '../server/process.ts'
import type { Arguments } from './command.ts'
import { WrongUse } from './command.ts'

export async function rotateRootKey({ flags, positionals, output }: Arguments): Promise<number> {
  if (positionals.length > 0)
    throw new WrongUse(`root-key rotate takes no argument: ${positionals.join(' ')}.`)
  const config = processConfig({ flags, note: output.note })
  const { accessKeyId, secret } = await rotateRoot(config)
  const words = [
    'The root key is new. The secret is not shown again; keep it:',
    ...exportLines(accessKeyId, secret),
  ].join('\n')
  output.result(words, { accessKeyId, secretAccessKey: secret })
  if (config.rootAccessKeyId !== undefined) {
    output.note(
      'moongate: the configuration gives a root key, which the next start puts back in place of this one. Change it there.',
    )
  }
  return 0
}
