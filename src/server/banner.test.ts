import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BannerFacts, banner, bannerData } from './banner.ts'

const facts: BannerFacts = {
  version: '1.2.3',
  endpoint: 'http://127.0.0.1:9000',
  root: { accessKeyId: 'AKIDROOT', secret: undefined, given: false },
  region: 'eu-west-1',
  data: '/srv/s3',
  buckets: [],
  accessLog: 'off',
  insecure: false,
  workers: 2,
}

test('a secret is printed when it was made, and else it is said where it is', () => {
  const made = banner({ ...facts, root: { accessKeyId: 'AKIDROOT', secret: 's3', given: false } })
  assert.match(made, /export AWS_SECRET_ACCESS_KEY=s3\n/)
  assert.match(banner(facts), /AKIDROOT \(set before; its secret is not shown\)/)
  const given = banner({ ...facts, root: { ...facts.root, given: true } })
  assert.match(given, /AKIDROOT \(as configured\)/)
  assert.doesNotMatch(given, /SECRET/)
})

test('where any key is taken one to give is printed, and not the root key', () => {
  const insecure = banner({ ...facts, insecure: true })
  assert.match(insecure, /^INSECURE: [^]*\n {4}export AWS_SECRET_ACCESS_KEY=any\n\n/m)
  assert.doesNotMatch(insecure, /AKIDROOT/)
})

test('as data the facts are the same, and the secret is there where it is shown', () => {
  const { root, ...rest } = facts
  const told = { ...rest, accessKeyId: 'AKIDROOT' }
  assert.deepEqual(bannerData(facts), told)
  assert.deepEqual(bannerData({ ...facts, data: undefined }), { ...told, data: null })
  const made = bannerData({ ...facts, root: { ...root, secret: 's3' } })
  assert.deepEqual(made, { ...told, secretAccessKey: 's3' })
  assert.deepEqual(bannerData({ ...facts, insecure: true }), { ...rest, insecure: true })
})

test('what to try uses a bucket that is there', () => {
  assert.match(banner(facts), /--region eu-west-1 s3 mb s3:\/\/my-bucket/)
  const declared = banner({ ...facts, buckets: ['photos', 'logs'] })
  assert.doesNotMatch(declared, / mb /)
  assert.match(declared, /s3 ls s3:\/\/photos\n/)
})
