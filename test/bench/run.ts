// `npm run bench -- NAME …`: the figures of the README, each made by a command that anybody can run. Nothing here is a test.

import { cpus, totalmem } from 'node:os'
import { benchAccrual } from './accrual.ts'
import { benchBatches } from './batches.ts'
import { benchFolder } from './folder.ts'
import { benchGeneralModel } from './general-model.ts'
import { benchKeeping } from './keeping.ts'
import { benchQuickStart } from './quick-start.ts'
import { benchStatement } from './statement.ts'
import { benchWorlds } from './worlds.ts'

const benches: Readonly<Record<string, { readonly usage: string; run(parameters: readonly string[]): Promise<void> }>> = {
  worlds: { usage: 'worlds [accounts] [seed …]: unseen seeds of every generated world, the general model against the plain rules', run: benchWorlds },
  folder: { usage: 'folder DIR: a labelled folder by cross-validation, and time and memory of its audit', run: benchFolder },
  'general-model': { usage: 'general-model: fits the committed general model anew and writes its card', run: benchGeneralModel },
  statement: { usage: 'statement [rebates] [rounds]: pages and the export of a member with 100,000 rebates, against SELECT of the same rows', run: benchStatement },
  keeping: { usage: 'keeping [rebates]: seconds to seal, verify, back up and restore the books of a big programme', run: benchKeeping },
  'quick-start': { usage: 'quick-start: a fresh clone with an empty package cache, seconds to the first ranked ring', run: benchQuickStart },
  accrual: { usage: 'accrual [rounds] [seconds] [scale]: rebates by eight callers against pgbench’s TPC-B-like transaction, interleaved', run: benchAccrual },
  batches: { usage: 'batches [rounds] [seconds]: events in batches of 1,000 against single events, interleaved', run: benchBatches },
}

const [name, ...parameters] = process.argv.slice(2)
const bench = benches[name ?? '']
if (bench === undefined) {
  process.stderr.write(`Name a bench:\n${Object.values(benches).map((each) => `  npm run bench -- ${each.usage}\n`).join('')}`)
  process.exit(2)
}
process.stdout.write(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n\n`)
await bench.run(parameters)
