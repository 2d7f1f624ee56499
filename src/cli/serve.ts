/** `moongate serve`. */

import { configFlags } from '../server/config.ts'
import { runServer } from '../server/process.ts'
import { envName, flagName, groups, type Setting } from '../server/setting.ts'
import { settingNames, settings } from '../server/settings.ts'
import type { Arguments, Flag } from './command.ts'
import { WrongUse } from './command.ts'

const defaultOf = ({ fallback, fallbackWords }: Setting<unknown>): string =>
  fallbackWords ?? (Array.isArray(fallback) ? fallback.join(', ') : String(fallback))

/** The flags of the schema, in its order. */
export function serveFlags(): Readonly<Record<string, Flag>> {
  const known = configFlags()
  const named = groups.flatMap(group =>
    settingNames
      .filter(name => settings[name].group === group && Object.hasOwn(known, flagName(name)))
      .map((name): [string, Flag] => {
        const setting: Setting<unknown> = settings[name]
        const several = setting.list === true ? '; may be repeated' : ''
        const shown = setting.kind.shown
        const doc = `${setting.doc}${several} [${defaultOf(setting)}]`
        return [flagName(name), shown === '' ? { doc } : { shown, doc }]
      }),
  )
  return Object.fromEntries(named)
}

/** What has no flag, and how the rest can be said elsewhere. */
export function serveDetails(): string {
  const secrets = settingNames.filter(name => 'secret' in settings[name])
  const width = Math.max(...secrets.map(name => envName(name).length))
  return [
    'Each flag is also an environment variable (--public-url is MOONGATE_PUBLIC_URL) and a key of the',
    'configuration file (public_url). A flag outranks the environment, that the file. Only there:',
    ...secrets.map(name => `  ${envName(name).padEnd(width)}  ${settings[name].doc}`),
    `  ${'MOONGATE_BUCKETS'.padEnd(width)}  Buckets that are made at start, by commas`,
  ].join('\n')
}

export async function serve({ flags, positionals, output }: Arguments): Promise<number> {
  if (positionals.length > 0)
    throw new WrongUse(`serve takes no argument: ${positionals.join(' ')}.`)
  return await runServer({ flags, ...output })
}
