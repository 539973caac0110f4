// `ringfence generate`: writes a synthetic world as an export folder, to try the product on and to measure the detector with.
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { generateWorld, worldNames } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { refuseUse, wholeNumberOption } from './folder-options.ts'

interface Options {
  readonly out: string
  readonly seed: number
  readonly accounts: number
  readonly variation?: number
  readonly json?: boolean
}

const accountsMin = 60
const accountsMax = 1_000_000

export function register(program: Command, context: CliContext): void {
  program.command('generate')
    .description(`Writes a synthetic world as an export folder with labels: ${worldNames.join(', ')}.`)
    .argument('<world>', worldNames.join(', '))
    .requiredOption('--out <dir>', 'folder to write; must be empty or not there')
    .option('--seed <number>', 'the same seed gives the same world', wholeNumberOption, 1)
    .option('--accounts <number>', 'about how many accounts, from 60 on', wholeNumberOption, 5000)
    .option('--variation <number>', 'draw every parameter of the world anew with this number', wholeNumberOption)
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', `
Examples:
  ringfence generate desktop --out ./world
  ringfence generate mobile --out ./world --seed 7 --accounts 20000
  ringfence generate campus --out ./world --seed 7 --variation 3

Figures measured on synthetic worlds are not accuracy in the field.
Exit codes: 0 written; 2 wrong usage; 3 could not write.`)
    .action((world: string, options: Options) => generate(world, options, context))
}

async function generate(world: string, options: Options, context: CliContext): Promise<void> {
  if (!worldNames.includes(world)) return refuseUse(context, `There is no world of that name; there are ${worldNames.join(', ')}.`)
  if (options.accounts < accountsMin || options.accounts > accountsMax) {
    return refuseUse(context, `Give between ${accountsMin} and ${accountsMax} accounts.`)
  }
  const existing = await readdir(options.out).catch(() => null)
  if (existing !== null && existing.length > 0) return refuseUse(context, `The folder ${options.out} is not empty.`)
  const { seed, accounts, variation } = options
  const made = generateWorld({ world, seed, accounts, variation })
  const partial = join(dirname(resolve(options.out)), `.${basename(resolve(options.out))}.partial`)
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true })
  const files = writeWorld(made, partial)
  await rm(options.out, { recursive: true, force: true })
  await rename(partial, options.out)
  const counts = { accounts: made.accounts.length, referrals: made.referrals.length, observations: made.observations.length }
  context.print(options.json === true
    ? JSON.stringify({ world, seed, variation: variation ?? null, out: options.out, files, ...counts }, null, 2)
    : `Wrote ${counts.accounts.toLocaleString('en')} accounts, ${counts.referrals.toLocaleString('en')} referrals and `
      + `${counts.observations.toLocaleString('en')} observations to ${options.out}.`)
  context.exit(ExitCode.done)
}
