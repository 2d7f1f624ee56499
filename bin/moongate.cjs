#!/usr/bin/env node
// The published command. Written so that any Node can read it: it only looks whether this one will do.
'use strict'
const major = Number(process.version.slice(1).split('.')[0])
if (major >= 26) {
  void import('../dist/cli/main.js')
} else {
  process.stderr.write('Moongate needs Node 26 or newer; this is ' + process.version + '.\n')
  process.exitCode = 1
}
