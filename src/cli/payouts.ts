// `ringfence payouts`: finance at the command line: the queue, approval, batches with their bank file, confirmations, the yearly export, debts.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { formatAmount, parseMicros } from '../base/money.ts'
import {
  approveDestination, approvePayout, approveWriteOff, type BatchAnswer, cancelPayout, exportBatchFile, exportYear, listPayouts, makeBatch, PAYOUT_STATES, type PayoutDesk, type PayoutMethod, type PayoutState,
  proposeWriteOff, readDebts, referenceOf, releaseBatch, restoreWriteOff, sendPayouts, takeConfirmation, type WriteOffAnswer,
} from '../payouts/index.ts'
import { exponentOfAsset, PAYOUT_METHODS, programVersionAt } from '../policies/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { wholeNumberOption } from './folder-options.ts'
import { processorOf } from './payout-processor.ts'
import { AS_OPTION, idOption, refuse, REFUSAL_NOTE, type ReviewSession, withReviewSession } from './review-session.ts'

interface Options {
  readonly as?: string
  readonly json?: boolean
}

interface At {
  readonly context: CliContext
  readonly options: Options
  readonly session: ReviewSession
  readonly desk: PayoutDesk
}

export function register(program: Command, context: CliContext): void {
  const payouts = program.command('payouts').description('Pays members out: the queue, approval, batches, bank files, confirmations, debts.').addHelpText('after', `
Examples:
  ringfence payouts list chat-api --state requested
  ringfence payouts list chat-api --json | jq '.payouts[].gross'
  ringfence payouts approve 12 --as dana
  ringfence payouts batch chat-api --method bank --as dana
  ringfence payouts release 3 --out payouts-3.csv --as lee
  ringfence payouts confirm chat-api confirmation.csv --as dana
  ringfence payouts export chat-api 2026 --reason "tax forms" --out payees-2026.csv --as dana
  ringfence payouts write-off 7 --as dana

${REFUSAL_NOTE}
Who asked cannot approve, and who made a batch cannot release it.`)
  const sub = (name: string, description: string): Command => payouts.command(name).description(description).option(...AS_OPTION).option('--json', 'as JSON').exitOverride()
  const run = (options: Options, work: (at: At) => Promise<void>): Promise<void> => withReviewSession(context, options.as, (session) => work({ context, options, session, desk: session.reviewer }))
  sub('list', 'Lists payouts of a program, newest first.').argument('<program>').addOption(new Option('--state <state>', 'only these').choices(PAYOUT_STATES)).option('--limit <number>', 'at most so many', wholeNumberOption, 50)
    .action((key: string, options: Options & { state?: PayoutState; limit: number }) => run(options, (at) => list(at, key, options)))
  for (const [name, description, does] of [['approve', 'Approves a payout that waits.', approvePayout], ['cancel', 'Cancels a payout that was not sent yet.', cancelPayout]] as const) {
    sub(name, description).argument('<payout>', 'its number', idOption).action((id: string, options: Options) => run(options, async (at) => {
      const answer = await does(at.desk, BigInt(id))
      if (!answer.ok) return no(at, answer.reason)
      tell(at, { payout_id: id, state: answer.payout.state }, `Payout ${id} is ${answer.payout.state}.`)
    }))
  }
  sub('approve-destination', 'Approves a changed payout destination; its seven days run on.').argument('<destination>', 'its number', idOption).action((id: string, options: Options) => run(options, async (at) => {
    const answer = await approveDestination(at.desk, BigInt(id))
    if (!answer.ok) return no(at, answer.reason)
    tell(at, { destination_id: id, usable_from: answer.destination.usableFrom }, `Destination ${id} is approved and usable from ${answer.destination.usableFrom.toISOString()}.`)
  }))
  sub('batch', 'Gathers approved payouts into a batch.').argument('<program>').addOption(new Option('--method <method>', 'bank or stripe').choices(PAYOUT_METHODS).default('bank'))
    .action((key: string, options: Options & { method: PayoutMethod }) => run(options, async (at) => batchDone(at, await makeBatch(at.desk, { programId: await programNamed(at, key), method: options.method }), 'made')))
  sub('release', 'Sends a batch that another person made; writes the bank’s file.').argument('<batch>', 'its number', idOption).option('--out <file>', 'where to write the bank’s file')
    .action((id: string, options: Options & { out?: string }) => run(options, async (at) => {
      const answer = await releaseBatch(at.desk, BigInt(id))
      if (answer.ok && options.out !== undefined && answer.batch.method === 'bank') await writeFileOf(at, id, options.out, 'release')
      batchDone(at, answer, 'released')
    }))
  sub('file', 'Writes the bank’s file of a released batch again, the same bytes.').argument('<batch>', 'its number', idOption).requiredOption('--out <file>', 'where to').requiredOption('--reason <text>', 'why, kept with the act')
    .action((id: string, options: Options & { out: string; reason: string }) => run(options, async (at) => {
      if (await writeFileOf(at, id, options.out, options.reason)) tell(at, { batch_id: id, file: options.out }, `Written: ${options.out}.`)
    }))
  sub('confirm', 'Takes the bank’s confirmation file: reference,status,amount,fee,date.').argument('<program>').argument('<file>').action((key: string, file: string, options: Options) => run(options, (at) => confirm(at, key, file)))
  sub('send', 'Makes the calls of released payouts now, and finishes those that were cut off; serving does the same every 30 seconds.').action((options: Options) => run(options, send))
  sub('export', 'Writes what every payee was paid in a year.').argument('<program>').argument('<year>', 'such as 2026', yearOption).requiredOption('--out <file>', 'where to').requiredOption('--reason <text>', 'why, kept with the act')
    .action((key: string, year: number, options: Options & { out: string; reason: string }) => run(options, async (at) => {
      const programId = await programNamed(at, key)
      const version = await at.session.read((transaction) => programVersionAt(transaction, programId, context.clock.now()))
      writeFileSync(options.out, await exportYear(at.desk, { programId, year, zone: version?.rules.zone ?? 'UTC', reason: options.reason }))
      tell(at, { file: options.out }, `Written: ${options.out}.`)
    }))
  sub('debts', 'Lists what members owe, the oldest debt first.').argument('<program>').action((key: string, options: Options) => run(options, (at) => debts(at, key)))
  sub('write-off', 'Proposes to give up the debt of a rebate that is older than a year or small.').argument('<rebate>', 'its number', idOption).action((id: string, options: Options) => run(options, async (at) => {
    const rebate = await at.session.read((transaction) => transaction.rebate.findUnique({ where: { id: BigInt(id) }, select: { asset: true } }))
    const floor = parseMicros(context.config.RINGFENCE_WRITE_OFF_BELOW)
    writeOffDone(at, await proposeWriteOff(at.desk, { rebateId: BigInt(id), floor: floor.ok ? floor.amount / 10n ** BigInt(6 - exponentOfAsset(rebate?.asset ?? 'USD')) : 0n }))
  }))
  for (const [name, description, does] of [['approve-write-off', 'Gives up a debt that another person proposed to give up.', approveWriteOff], ['restore-write-off', 'Makes a debt stand again that was given up.', restoreWriteOff]] as const) {
    sub(name, description).argument('<write-off>', 'its number', idOption).action((id: string, options: Options) => run(options, async (at) => writeOffDone(at, await does(at.desk, BigInt(id)))))
  }
}

async function list(at: At, key: string, { state, limit }: { readonly state?: PayoutState; readonly limit: number }): Promise<void> {
  const programId = await programNamed(at, key)
  const rows = await at.session.read((transaction) => listPayouts(transaction, { programId, state, limit }))
  const lines = rows.map((row) => ({
    payout_id: row.id.toString(), reference: referenceOf(row.id), state: row.state, reason: row.reason, method: row.method, destination: row.shownAs, asset: row.asset,
    gross: amountOf(row.gross, row.asset), withheld: amountOf(row.withheld, row.asset), fee: amountOf(row.fee, row.asset), requested_at: row.requestedAt.toISOString(),
  }))
  const text = lines.map((line) => `${line.payout_id}  ${line.state}${line.reason === null ? '' : ` (${line.reason})`}  ${line.gross} ${line.asset} to ${line.destination ?? 'an erased destination'}, asked ${line.requested_at}`)
  tell(at, { payouts: lines }, text.length === 0 ? 'No payouts.' : text.join('\n'))
}

async function confirm(at: At, key: string, file: string): Promise<void> {
  const answer = await takeConfirmation(at.desk, await programNamed(at, key), readFileSync(file, 'utf8'))
  if (!answer.ok) return no(at, answer.reason)
  const lines = answer.results.map(({ number, reference, payoutId, outcome }) => ({ line: number, reference, payout_id: payoutId?.toString() ?? null, outcome }))
  tell(at, { lines }, lines.length === 0 ? 'The file has no lines.' : lines.map((line) => `line ${line.line}: ${line.reference} ${line.outcome}`).join('\n'))
  if (lines.some(({ outcome }) => !['applied', 'known', 'late'].includes(outcome))) at.context.exit(ExitCode.found)
}

async function send(at: At): Promise<void> {
  const processor = processorOf(at.context.config)
  if (processor === null) return no(at, 'no_processor')
  const { database, keys, clock, actorId } = at.session.reviewer
  const report = await sendPayouts({ database, keys, clock, actorId, processor })
  tell(at, report, `${report.done} calls done, ${report.refused} refused, ${report.unclear} without an answer.`)
}

async function debts(at: At, key: string): Promise<void> {
  const programId = await programNamed(at, key)
  const rows = await at.session.read((transaction) => readDebts(transaction, { programId }))
  const lines = rows.map((debt) => ({ rebate_id: debt.rebateId.toString(), asset: debt.asset, amount: amountOf(debt.amount, debt.asset), since: debt.since.toISOString(), cause: debt.cause, write_off_id: debt.writeOffId?.toString() ?? null }))
  tell(at, { debts: lines }, lines.length === 0 ? 'Nobody owes anything.' : lines.map((line) => `rebate ${line.rebate_id}: ${line.amount} ${line.asset} since ${line.since} by ${line.cause}`).join('\n'))
}

async function writeFileOf(at: At, id: string, out: string, reason: string): Promise<boolean> {
  const answer = await exportBatchFile(at.desk, BigInt(id), reason)
  if (!answer.ok) no(at, answer.reason)
  // It holds bank accounts: nobody else on this machine reads it.
  else writeFileSync(out, answer.text, { mode: 0o600 })
  return answer.ok
}

function batchDone(at: At, answer: BatchAnswer, what: string): void {
  if (!answer.ok) return no(at, answer.reason)
  const { id, totals, fileDigest } = answer.batch
  const sums = totals.map(({ asset, payouts, gross, withheld }) => ({ asset, payouts, gross: amountOf(gross, asset), withheld: amountOf(withheld, asset) }))
  const left = answer.leftOut.map(({ payoutId, reason }) => ({ payout_id: payoutId.toString(), reason }))
  tell(at, { batch_id: id, totals: sums, left_out: left, file_digest: fileDigest === null ? null : Buffer.from(fileDigest).toString('hex') }, [
    `Batch ${id} ${what}: ${sums.map((sum) => `${sum.payouts} payouts, ${sum.gross} ${sum.asset}`).join('; ')}.`, ...left.map((each) => `Left out: payout ${each.payout_id} (${each.reason}).`),
  ].join('\n'))
}

function writeOffDone(at: At, answer: WriteOffAnswer): void {
  if (!answer.ok) return no(at, answer.reason)
  const { id, rebateId, asset, amount, state } = answer.writeOff
  tell(at, { write_off_id: id, rebate_id: rebateId, asset, amount: amountOf(amount, asset), state }, `Write-off ${id} of rebate ${rebateId}: ${amountOf(amount, asset)} ${asset}, ${state.replaceAll('_', ' ')}.`)
}

async function programNamed({ session }: At, key: string): Promise<bigint> {
  const found = await session.read((transaction) => transaction.program.findUnique({ where: { key }, select: { id: true } }))
  if (found === null) throw new Error(`There is no program ${key}.`)
  return found.id
}

function tell({ context, options }: At, json: object, text: string): void {
  context.print(options.json === true ? JSON.stringify(json, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2) : text)
  context.exit(ExitCode.done)
}

function no({ context, options }: At, reason: string): void {
  refuse(context, { reason, detail: reason.replaceAll('_', ' ') }, { isJson: options.json === true })
}

const amountOf = (amount: bigint, asset: string): string => formatAmount(amount, exponentOfAsset(asset))

function yearOption(text: string): number {
  if (!/^20\d{2}$/.test(text)) throw new InvalidArgumentError('Give a year such as 2026.')
  return Number(text)
}
