// `ringfence demo`: a generated world in a real database, scanned, its rings ranked, the first one previewed, the API served.
// Promises: a second start is quick and keeps the data; a database that holds other data is left alone.
import { join } from 'node:path'
import type { Command } from 'commander'
import { generalModel } from '../../scoring/model/general.ts'
import { generateWorld } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import { SYSTEM_ACTOR_ID } from '../identities/index.ts'
import { importFolder } from '../intake/import-folder.ts'
import { previewFirstRing } from '../review/index.ts'
import { runScan } from '../scans/index.ts'
import type { CliContext, OpenDatabase } from './context.ts'
import { ExitCode } from './context.ts'
import { rankedRings } from './rings.ts'
import { serveUntilStopped } from './serve.ts'

/** The world of the demo: small enough to be loaded in seconds, with a dozen planted rings and more. */
const DEMO_WORLD = { world: 'campus', seed: 7, accounts: 5000 } as const
const DEMO_PROGRAM = 'apiyi'
/** The system that owns the demo's facts: what tells them from anybody else's. */
const DEMO_SOURCE = 'demo'
const RINGS_SHOWN = 10

interface Options {
  readonly once?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('demo')
    .description('Loads a generated world, scans it, prints its rings and serves the API.')
    .option('--once', 'exit after printing instead of serving')
    .addHelpText('after', `
Examples:
  ringfence demo
  ringfence demo --once
  DATABASE_URL=postgresql://… ringfence demo

Without DATABASE_URL an embedded PostgreSQL is kept below RINGFENCE_DATA (default: .ringfence). A second start keeps the data.
Exit codes: 0 done; 2 the database holds other data; 3 could not run.`)
    .action((options: Options) => demo(options, context))
}

async function demo(options: Options, context: CliContext): Promise<void> {
  const opened = await context.openDatabase()
  try {
    const state = await stateOf(opened)
    if (state === 'foreign') {
      context.printError('This database holds data that is not the demo\'s: it is left alone. Name another one, or an empty folder as RINGFENCE_DATA.')
      context.exit(ExitCode.badInput)
      return
    }
    if (state === 'scanned') context.print('The demo world is there from an earlier start.')
    else await loadAndScan(opened, context)
    await show(opened, context)
    if (options.once !== true) await serveUntilStopped(context, opened)
  } finally {
    await opened.close()
  }
}

type DemoState = 'empty' | 'scanned' | 'foreign'

/** A load that was killed counts as empty: loading again goes on where it stopped. */
async function stateOf({ database }: OpenDatabase): Promise<DemoState> {
  const foreign = await database.prisma.batch.findFirst({ where: { source: { name: { not: DEMO_SOURCE } } } })
  if (foreign !== null) return 'foreign'
  const scan = await database.prisma.scan.findFirst({ where: { state: 'finished' } })
  return scan === null ? 'empty' : 'scanned'
}

async function loadAndScan({ database, keys }: OpenDatabase, context: CliContext): Promise<void> {
  const progress = context.progress()
  const onProgress = (stage: string, done: number, total: number): void => progress.update(stage, done, total)
  const directory = join(context.config.RINGFENCE_DATA, 'demo-world')
  try {
    onProgress('generating', 0, 1)
    writeWorld(generateWorld(DEMO_WORLD), directory)
    const imported = await importFolder(database, directory, {
      keys, clock: context.clock, actorId: SYSTEM_ACTOR_ID, program: DEMO_PROGRAM, source: DEMO_SOURCE, onProgress,
    })
    if (!imported.ok) throw new Error(`The demo world in ${directory} could not be loaded: ${imported.refusal.reason}.`)
    const scanned = await runScan(database, { keys, clock: context.clock, actorId: SYSTEM_ACTOR_ID, model: generalModel, onProgress })
    if (!scanned.ok) throw new Error('Another scan is running in this database.')
  } finally {
    progress.finish()
  }
  context.print(`A generated world (${DEMO_WORLD.world}, seed ${DEMO_WORLD.seed}, ${DEMO_WORLD.accounts.toLocaleString('en')} accounts) was loaded and scanned.`)
}

async function show({ database, keys }: OpenDatabase, context: CliContext): Promise<void> {
  context.print(`\nRings by expected loss, of what their rebates have at stake:\n\n${await rankedRings(database, RINGS_SHOWN)}`)
  const preview = await previewFirstRing({ database, keys, clock: context.clock, actorId: SYSTEM_ACTOR_ID })
  if (preview === null) return
  context.print(`\nWhat freezing the first one would do:\n\n${preview.text}\n`)
  context.print(`Do it with: npm run -s ringfence -- apply ${preview.plan.id} --hash ${preview.plan.hash} --reason self_invitation`)
  context.print('Take it back with: npm run -s ringfence -- undo DECISION --reason household')
}
