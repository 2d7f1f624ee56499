/** The configuration from each of its sources, their rank, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Config, ConfigError, loadConfig } from './config.ts'
import { envName, fileKey, flagName } from './setting.ts'
import { settingNames, settings } from './settings.ts'

interface Given {
  flags?: Record<string, string[]>
  env?: Record<string, string>
  file?: string
  json?: string
}

function load({ flags = {}, env = {}, file, json }: Given) {
  const path = file === undefined ? 'moongate.json' : 'moongate.toml'
  const named = file === undefined && json === undefined ? {} : { config: [path] }
  return loadConfig({
    flags: new Map(Object.entries({ ...named, ...flags })),
    env,
    readFile: () => file ?? json ?? '',
  })
}

const configOf = (given: Given): Config => load(given).config

const refused = (given: Given, message: RegExp) =>
  assert.throws(
    () => load(given),
    (error: unknown) => error instanceof ConfigError && message.test(error.message),
  )

test('without anything said the defaults hold', () => {
  const config = configOf({})
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 9000)
  assert.equal(config.uploadExpiry, 7 * 24 * 3600 * 1000)
  assert.equal(config.inlineMax, 65536)
  assert.deepEqual(config.corsOrigin, ['*'])
  assert.deepEqual(config.buckets, [])
  assert.equal(config.workers, undefined)
})

test('a flag outranks the environment, that the file, that the default', () => {
  const file = 'port = 1'
  assert.equal(configOf({ file }).port, 1)
  assert.equal(configOf({ file, env: { MOONGATE_PORT: '2' } }).port, 2)
  assert.equal(configOf({ file, env: { MOONGATE_PORT: '2' }, flags: { port: ['3'] } }).port, 3)
})

test('every setting can be given in each place that it has', () => {
  for (const name of settingNames) {
    assert.match(flagName(name), /^[a-z][a-z0-9-]+$/)
    assert.match(envName(name), /^MOONGATE_[A-Z0-9_]+$/)
    assert.match(fileKey(name), /^[a-z][a-z0-9_]+$/)
    assert.ok(settings[name].doc.length > 10, name)
  }
})

test('lists: repeated flags, commas in a variable, arrays in a file', () => {
  const expected = ['a.example.com', 'b.example.com']
  assert.deepEqual(configOf({ flags: { domain: expected } }).domain, expected)
  assert.deepEqual(configOf({ env: { MOONGATE_DOMAIN: expected.join(', ') } }).domain, expected)
  assert.deepEqual(configOf({ file: `domain = ${JSON.stringify(expected)}` }).domain, expected)
})

test('sizes, times and switches', () => {
  const config = configOf({
    flags: { 'inline-max': ['4KiB'], 'idle-timeout': ['90s'], memory: ['true'] },
  })
  assert.equal(config.inlineMax, 4096)
  assert.equal(config.idleTimeout, 90_000)
  assert.equal(config.memory, true)
})

test('a size has a unit by thousands or by 1024', () => {
  const cases = {
    '67108864': 2 ** 26,
    '64MiB': 2 ** 26,
    '64M': 2 ** 26,
    '64MB': 64_000_000,
    '2000KB': 2_000_000,
    '1G': 2 ** 30,
    '1GB': 10 ** 9,
    '1TiB': 2 ** 40,
    '1TB': 10 ** 12,
  }
  for (const [said, bytes] of Object.entries(cases))
    assert.equal(configOf({ flags: { 'log-file-size': [said] } }).logFileSize, bytes, said)
  for (const said of ['64kb', '64iB', '64B', '1.5GB', '64 MB', 'GB', '64Ki', '2TiB'])
    refused({ flags: { 'log-file-size': [said] } }, /must be a size from 4096 to .*TiB.* KB, .*TB/)
})

test('buckets and accounts are declared in the file', () => {
  const file = `
[[buckets]]
name = "photos"
[[accounts]]
id = "${'ab'.repeat(32)}"
display_name = "Tester"
email = "t@example.com"
admin = true
keys = [{ access_key_id = "TESTKEY", secret_access_key = "testsecret" }]`
  const { buckets, accounts } = configOf({ file })
  assert.equal(buckets[0]?.name, 'photos')
  assert.equal(accounts[0]?.displayName, 'Tester')
  assert.equal(accounts[0]?.admin, true)
  assert.equal(accounts[0]?.keys[0]?.accessKeyId, 'TESTKEY')
  assert.deepEqual(
    configOf({ file, env: { MOONGATE_BUCKETS: 'aaa, bbb' } }).buckets.map(bucket => bucket.name),
    ['aaa', 'bbb'],
  )
  assert.equal(configOf({ json: '{"port": 7, "buckets": ["ccc"]}' }).buckets[0]?.name, 'ccc')
})

test('a wrong value is refused by the name of its source', () => {
  refused({ flags: { port: ['70000'] } }, /^--port must be a whole number from 0 to 65535/)
  refused({ env: { MOONGATE_PORT: 'x' } }, /^MOONGATE_PORT must be/)
  refused({ file: 'port = "x"' }, /^port in moongate.toml must be/)
  refused({ file: 'port = [1, 2]' }, /must be one value/)
  refused({ flags: { 'trusted-proxy': ['10.0.0.0/33'] } }, /--trusted-proxy must be a network/)
  refused({ flags: { 'public-url': ['ftp://x'] } }, /--public-url must be a URL/)
  refused({ flags: { 'inline-max': ['1TB'] } }, /--inline-max must be a size/)
  refused({ flags: { prefix: ['s3'] } }, /--prefix must be a path/)
})

test('unknown flags and file keys are refused, unknown variables only told', () => {
  refused({ flags: { colour: ['red'] } }, /Unknown flag: --colour/)
  refused({ flags: { 'master-key': ['x'] } }, /Unknown flag: --master-key/)
  refused({ file: 'colour = "red"' }, /unknown key: colour/)
  refused({ file: 'master_key = "red"' }, /unknown key: master_key/)
  const { warnings } = load({ env: { MOONGATE_COLOUR: 'red', MOONGATE_PROFILE: 'p', HOME: '/' } })
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /MOONGATE_COLOUR/)
})

test('contradictions are refused', () => {
  refused({ flags: { 'tls-cert': ['a.pem'] } }, /belong together/)
  refused({ env: { MOONGATE_ROOT_ACCESS_KEY_ID: 'AAA' } }, /belong together/)
  refused({ flags: { memory: ['true'], workers: ['2'] } }, /--workers must be 1/)
})

test('wrong declarations are refused by their place and repeat no secret', () => {
  refused({ file: 'buckets = ["A_B"]' }, /^buckets must be a valid bucket name/)
  refused({ file: '[[buckets]]\nname = "a_b"' }, /^buckets\[0\]\.name must be/)
  refused({ file: '[[buckets]]\nnam = "abc"' }, /^buckets\[0\]\.nam must be one of/)
  refused({ env: { MOONGATE_BUCKETS: 'A' } }, /^MOONGATE_BUCKETS must be/)
  const short = `[[accounts]]\nid = "x"\nkeys = [{ access_key_id = "KEY", secret_access_key = "sho" }]`
  assert.throws(
    () => load({ file: short }),
    (error: unknown) =>
      error instanceof ConfigError &&
      error.message.includes('accounts[0].keys[0].secret_access_key') &&
      !error.message.includes('sho'),
  )
  refused({ json: '{"master' }, /not valid JSON/)
})

test('a file that is no TOML or JSON is refused by its line, which is not quoted', () => {
  refused({ file: 'port = 1\n\nroot_secret_access_key = se cret' }, /^[^]*: [^"]* \(line 3\)\.$/)
  refused({ json: '{"port": 1,\n"secret": 1 x}' }, /it is not valid JSON \(line 2\)\.$/)
})

test('keys of the root account are refused by name, wherever they stand, and not repeated', () => {
  const id = 'MOONGATE_ROOT_ACCESS_KEY_ID'
  const secret = 'MOONGATE_ROOT_SECRET_ACCESS_KEY'
  refused(
    { env: { [id]: 'a', [secret]: 'abcdefgh1' } },
    /^MOONGATE_ROOT_ACCESS_KEY_ID must be 3 to 128 letters, digits and \._~-\.$/,
  )
  refused(
    { env: { [id]: 'abc', [secret]: 'a b c d e' } },
    /^MOONGATE_ROOT_SECRET[A-Z_]* must be 4 to/,
  )
  const file = 'root_access_key_id = "abc"\nroot_secret_access_key = "é23456789"'
  refused(
    { file },
    /^root_secret_access_key in moongate\.toml must be 4 to 256 visible ASCII[^é]*$/,
  )
  refused({ env: { MOONGATE_METRICS_TOKEN: 'a b' } }, /^MOONGATE_METRICS_TOKEN must be visible/)
})

const account = (id: string, key: string) =>
  `[[accounts]]\nid = "${id}"\nkeys = [{ access_key_id = "${key}", secret_access_key = "secret-1" }]\n`

test('what two declarations have and only one can is refused by its place', () => {
  refused(
    { file: account('a', 'KEY1') + account('a', 'KEY2') },
    /^accounts\[1\]\.id must be one of its own: accounts\[0\]\.id is the same\.$/,
  )
  refused(
    { file: account('a', 'KEY1') + account('b', 'KEY1') },
    /^accounts\[1\]\.keys\[0\]\.access_key_id must be one of its own: accounts\[0\]/,
  )
  const env = { MOONGATE_ROOT_ACCESS_KEY_ID: 'KEY1', MOONGATE_ROOT_SECRET_ACCESS_KEY: 'secret-0' }
  refused({ file: account('a', 'KEY1'), env }, /^accounts\[0\].* the key of the root account is/)
  refused({ file: '[[buckets]]\nname = "abc"\n[[buckets]]\nname = "abc"' }, /^buckets\[1\]\.name/)
  refused({ env: { MOONGATE_BUCKETS: 'abc,abd,abc' } }, /^MOONGATE_BUCKETS .* "abc" is in it twice/)
})

test('declared texts are such as can be shown and found again', () => {
  refused(
    { file: '[[accounts]]\nid = "a"\ndisplay_name = "\\u001b[2J"' },
    /^accounts\[0\]\.display_name/,
  )
  refused({ file: '[[buckets]]\nname = "abc"\nowner = "a b"' }, /^buckets\[0\]\.owner must be/)
  refused({ file: '[[buckets]]\nname = "abc"\nvolume = "/"' }, /^buckets\[0\]\.volume must be/)
  refused({ file: 'data = "a\\u0000b"' }, /^data in moongate\.toml must be a path/)
})

test('origins can be none', () => {
  assert.deepEqual(configOf({ flags: { 'cors-origin': ['none'] } }).corsOrigin, [])
  assert.deepEqual(configOf({ env: { MOONGATE_CORS_ORIGIN: 'none' } }).corsOrigin, [])
  assert.deepEqual(configOf({ file: 'cors_origin = []' }).corsOrigin, [])
  refused({ flags: { 'cors-origin': ['none', '*'] } }, /^--cors-origin must be none alone/)
})

test('a region is letters, digits and hyphens', () => {
  for (const region of ['eu west', 'a/b', '', 'é'])
    refused({ flags: { region: [region] } }, /^--region/)
  assert.equal(configOf({ flags: { region: ['eu-west-1'] } }).region, 'eu-west-1')
})

test('an empty variable says nothing, that of the buckets among them', () => {
  const env = { MOONGATE_BUCKETS: '', MOONGATE_PORT: '' }
  assert.deepEqual(
    configOf({ env, file: 'buckets = ["abc"]' }).buckets.map(({ name }) => name),
    ['abc'],
  )
})
