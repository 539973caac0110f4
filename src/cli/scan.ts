// `ringfence scan`: one scan over everything in the database.
import type { Command } from 'commander'
import { SYSTEM_ACTOR_ID } from '../identities/index.ts'
import { runScan, type ScanSummary } from '../scans/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { loadedModel, probabilityOption, timeOption } from './folder-options.ts'

interface Options {
  readonly asOf?: number
  readonly model?: string
  readonly ring?: number
  readonly json?: boolean
}


export function register(program: Command, context: CliContext): void {
  program.command('scan')
    .description('Scores every account and referral in the database, finds rings and brings the cases up to date.')
    .option('--as-of <time>', '"now": later facts are left out (default: the latest time that any fact states)', timeOption)
    .option('--model <file>', 'a model written by train (default: the general model)')
    .option('--ring <probability>', 'pairs from here on join a ring (default: as the policy says)', probabilityOption)
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', `
Examples:
  ringfence scan
  ringfence scan --model ours.json --json | jq .rings

Exit codes: 0 done; 2 wrong usage; 3 could not run, or another scan is running.
All results appear at once when the scan ends. A killed scan leaves nothing that counts: run it again.`)
    .action((options: Options) => scan(options, context))
}

async function scan(options: Options, context: CliContext): Promise<void> {
  const model = await loadedModel(options.model, context)
  if (model === null) return
  const { database, keys, close } = await context.openDatabase()
  const progress = context.progress()
  try {
    const result = await runScan(database, {
      keys, clock: context.clock, actorId: SYSTEM_ACTOR_ID, model, asOf: options.asOf, ringThreshold: options.ring,
      onProgress: (stage, done, total) => progress.update(stage, done, total),
    }).finally(() => progress.finish())
    if (!result.ok) {
      context.printError('Another scan is running; wait until it has ended.')
      context.exit(ExitCode.couldNotRun)
      return
    }
    const peakMemoryMegabytes = Math.round(context.peakMemoryBytes() / 1e6)
    context.print(options.json === true
      ? JSON.stringify({ scan_id: result.scanId.toString(), ...jsonOf(result.summary), peak_memory_mb: peakMemoryMegabytes }, null, 2)
      : textOf(result.scanId, result.summary, peakMemoryMegabytes))
    context.exit(ExitCode.done)
  } finally {
    await close()
  }
}

function jsonOf(summary: ScanSummary): Record<string, unknown> {
  const { referrals, expectedLoss, ...rest } = summary
  return {
    ...rest,
    referrals: { total: referrals.total, held: referrals.held, newly_held: referrals.newlyHeld, no_longer_held: referrals.noLongerHeld },
    expected_loss: expectedLoss,
  }
}

function textOf(scanId: bigint, summary: ScanSummary, peakMemoryMegabytes: number): string {
  const { referrals, rings, cases, expectedLoss, seconds } = summary
  const money = Object.entries(expectedLoss).map(([asset, amount]) => `${amount} ${asset}`).join(', ')
  const changes = [
    [rings.new, 'new'], [rings.grown, 'grown'], [rings.shrunk, 'shrunk'], [rings.split, 'split'], [rings.merged, 'merged'], [rings.gone, 'gone'],
  ].filter(([count]) => count !== 0).map(([count, word]) => `${count} ${word}`).join(', ')
  return [
    `Scan ${scanId}: ${number(summary.accounts)} accounts, ${number(referrals.total)} referrals, ${number(summary.observations)} observations.`,
    `${number(rings.total)} rings (${changes === '' ? 'as before' : changes})${money === '' ? '' : `, expected loss ${money}`}.`,
    ...Object.entries(summary.unvalued).map(([asset, count]) =>
      `The rebates of ${number(count)} referrals are in ${asset}, which is not their programme's asset: the expected loss leaves them out.`),
    `${number(referrals.held)} referrals at or above their hold threshold: ${number(referrals.newlyHeld)} newly, ${number(referrals.noLongerHeld)} no longer.`,
    `Cases: ${cases.opened} opened, ${cases.updated} updated, ${cases.closed} closed, ${cases.merged} merged, ${cases.kept} kept open.`,
    `Seconds: ${Object.entries(seconds).map(([stage, value]) => `${stage} ${value.toFixed(1)}`).join(', ')}; peak memory ${number(peakMemoryMegabytes)} MB.`,
  ].join('\n')
}

function number(value: number): string {
  return value.toLocaleString('en')
}
