/** Prints the configuration table of the README from the schema, between its markers; `--verify` only compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { envName, fileKey, flagName, groups, type Setting } from '../src/server/setting.ts'
import { type SettingName, settingNames, settings } from '../src/server/settings.ts'

const begin = '<!-- configuration: printed by scripts/config-table.ts -->'
const end = '<!-- /configuration -->'

const code = (text: string): string => (text === '' ? '' : `\`${text}\``)
const cell = (text: string): string => text.replaceAll('|', '\\|')

function row(name: SettingName): string {
  const setting: Setting<unknown> = settings[name]
  const { kind, doc, fallback, fallbackWords, list, not } = setting
  const here = (place: 'flag' | 'env' | 'file') => not?.includes(place) !== true
  const flag = here('flag') && setting.secret !== true
  const shown = kind.shown === '' ? '' : ` ${kind.shown}`
  const usual = fallbackWords ?? (Array.isArray(fallback) ? fallback.join(', ') : String(fallback))
  const cells = [
    flag ? code(`--${flagName(name)}${shown}`) : '',
    here('env') ? code(envName(name)) : '',
    here('file') ? code(fileKey(name)) : '',
    `${doc}${list === true ? '; may be repeated' : ''}`,
    usual,
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}

function table(): string {
  const head = ['| flag | variable | file | what | default |', '|---|---|---|---|---|']
  const rows = groups.flatMap(group => [
    `| **${group}** | | | | |`,
    ...settingNames.filter(name => settings[name].group === group).map(row),
  ])
  const declared = [
    '| | `MOONGATE_BUCKETS` | `[[buckets]]` | Buckets that are there when the server is ready: `name`, and `owner`, `volume` if not the root account’s; the variable has names by commas | none |',
    '| | | `[[accounts]]` | Accounts with fixed ids: `id`, `display_name`, `email`, `volume`, `admin`, `keys = [{ access_key_id, secret_access_key }]` | none |',
  ]
  return [...head, ...rows, '| **Declarations** | | | | |', ...declared].join('\n')
}

const readme = new URL('../README.md', import.meta.url)
const text = readFileSync(readme, 'utf8')
const from = text.indexOf(begin)
const to = text.indexOf(end)
if (from < 0 || to < from) throw new Error(`README.md lacks the lines ${begin} and ${end}`)
const printed = `${text.slice(0, from + begin.length)}\n${table()}\n${text.slice(to)}`
if (printed !== text && process.argv.includes('--verify')) {
  process.stderr.write("README.md's configuration table is stale: npm run config-table\n")
  process.exitCode = 1
} else if (printed !== text) writeFileSync(readme, printed)
