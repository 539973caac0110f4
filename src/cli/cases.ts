// `ringfence cases`: the queue of the review desk, the largest expected loss first.
import { type Command, Option } from 'commander'
import { formatAmount } from '../base/money.ts'
import { assignCase, caseJson, type CaseLine, listCases, readCase } from '../review/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { wholeNumberOption } from './folder-options.ts'
import { AS_OPTION, idOption, refuse, REFUSAL_NOTE, type ReviewSession, withReviewSession } from './review-session.ts'

interface Options {
  readonly state: 'open' | 'closed'
  readonly mine?: boolean
  readonly unassigned?: boolean
  readonly take?: string
  readonly giveBack?: string
  readonly limit: number
  readonly as?: string
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('cases')
    .description('Lists the cases that scans opened, the largest expected loss first.')
    .addOption(new Option('--state <state>', 'open or closed').choices(['open', 'closed']).default('open'))
    .option('--mine', 'only those of the person who asks')
    .option('--unassigned', 'only those that nobody has taken on')
    .option('--take <case>', 'become the owner of this case', idOption)
    .option('--give-back <case>', 'give this case back to the queue', idOption)
    .option('--limit <number>', 'at most so many', wholeNumberOption, 20)
    .option(...AS_OPTION)
    .option('--json', 'print them as JSON')
    .addHelpText('after', `
Examples:
  ringfence cases
  ringfence cases --unassigned --limit 5
  ringfence cases --mine --as dana --json | jq '.cases[].case_id'
  ringfence cases --take 7 --as dana

${REFUSAL_NOTE}`)
    .action((options: Options) => cases(options, context))
}

async function cases(options: Options, context: CliContext): Promise<void> {
  await withReviewSession(context, options.as, async ({ reviewer, read }) => {
    const refusal = await assign({ reviewer, read }, options)
    if (refusal !== null) {
      refuse(context, refusal, { isJson: options.json === true })
      return
    }
    const { lines, exponents } = await read(async (transaction) => ({
      lines: await listCases(transaction, {
        state: options.state, limit: options.limit, isUnassigned: options.unassigned, ownerId: options.mine === true ? reviewer.actorId : undefined,
      }),
      exponents: new Map((await transaction.asset.findMany()).map((asset) => [asset.code, asset.exponent])),
    }))
    if (options.json === true) context.print(JSON.stringify({ cases: lines.map((line) => caseJson(line, (asset) => exponents.get(asset))) }, null, 2))
    else context.print(lines.length === 0 ? `No ${options.state} cases.` : lines.map((line) => textOf(line, exponents)).join('\n\n'))
    context.exit(ExitCode.done)
  })
}

/** Takes a case or gives one back, as of the version it has now; null when that was done or not asked for. */
async function assign({ reviewer, read }: ReviewSession, { take, giveBack }: Options): Promise<{ reason: string; detail: string } | null> {
  const id = take ?? giveBack
  if (id === undefined) return null
  const line = await read((transaction) => readCase(transaction, BigInt(id)))
  if (line === null) return { reason: 'unknown_case', detail: `There is no case ${id}.` }
  const result = await assignCase(reviewer, { caseId: line.id, version: line.version, ownerId: take === undefined ? null : reviewer.actorId })
  return result.ok ? null : result
}

function textOf(line: CaseLine, exponents: ReadonlyMap<string, number>): string {
  const amount = (value: bigint, asset: string): string => `${formatAmount(value, exponents.get(asset))} ${asset}`
  const subject = line.ringId === null ? 'a lone referral' : `ring ${line.ringId}, ${line.accounts} accounts, ${line.referrals} referrals`
  const state = line.state === 'open' ? `due ${line.dueAt.toISOString().slice(0, 10)}, ${line.owner ?? 'unassigned'}` : `closed as ${line.outcome}`
  const money = line.money.map((each) => [
    each.pending > 0n ? `pending ${amount(each.pending, each.asset)}` : '',
    each.held > 0n ? `held ${amount(each.held, each.asset)}` : '',
    each.available > 0n ? `available ${amount(each.available, each.asset)}` : '',
    each.transferred > 0n ? `transferred ${amount(each.transferred, each.asset)}` : '',
    each.gone > 0n ? `already gone ${amount(each.gone, each.asset)}` : '',
    each.takenBack > 0n ? `taken back ${amount(each.takenBack, each.asset)}` : '',
    each.debt > 0n ? `debt ${amount(each.debt, each.asset)}` : '',
  ].filter((part) => part !== '').join(', '))
  return [
    `Case ${line.id}: ${subject}${line.program === null ? '' : `, ${line.program}`}`,
    `  expected loss ${amount(line.expectedLoss, line.asset)} at probability ${line.probability.toFixed(3)}; ${state}`,
    ...money.filter((part) => part !== '').map((part) => `  ${part}`),
  ].join('\n')
}
