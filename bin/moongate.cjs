#!/usr/bin/env node
// The published command. Written so that any Node can read it: it only looks whether this one will do, and what is there.
'use strict'
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const main = join(__dirname, '..', 'dist', 'cli', 'main.js')
const major = Number(process.version.slice(1).split('.')[0])
if (major < 26) {
  process.stderr.write('Moongate needs Node 26 or newer; this is ' + process.version + '.\n')
  process.exitCode = 1
} else if (!existsSync(main)) {
  process.stderr.write('Moongate is not built here: npm run build does that, npm start runs it from its sources.\n')
  process.exitCode = 1
} else {
  void import('../dist/cli/main.js')
}
