// Each test file is a process of its own and compiles the same modules: what is compiled is kept for the next one.

import { enableCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

enableCompileCache(join(tmpdir(), 'moongate-tests-compiled'))
