// `ringfence rings`: what the last scan found, ranked by what it can cost, and one ring with the reasons for it.
import type { Command } from 'commander'
import { analystSentence, type Language } from '../../scoring/reasons/sentences.ts'
import type { Database } from '../base/database.ts'
import { listRings, readRing, type RingLine, type RingPage, type RingReason } from '../rings/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { languageOption, refuseUse, wholeNumberOption } from './folder-options.ts'

interface Options {
  readonly top: number
  readonly lang: Language
  readonly json?: boolean
}

const TOP_DEFAULT = 20
const membersShown = 30

export function register(program: Command, context: CliContext): void {
  const rings = program.command('rings')
    .description('Lists the rings of the last scan, the most expensive first.')
    .option('--top <number>', 'how many', wholeNumberOption, TOP_DEFAULT)
    .option('--lang <language>', 'language of the reasons: en or zh-CN', languageOption, 'en')
    .option('--json', 'print as JSON')
    .addHelpText('after', `
Examples:
  ringfence rings --top 5
  ringfence rings --json | jq '.rings[0]'
  ringfence rings show 17 --lang zh-CN

Exit codes: 0 done; 2 wrong usage or no such ring; 3 could not run.`)
    .action((options: Options) => list(options, context))
  rings.command('show')
    .description('Shows one ring: members, what ties them, reasons for and against, money.')
    .argument('<id>', 'the id of the ring')
    .option('--lang <language>', 'language of the reasons: en or zh-CN', languageOption)
    .option('--json', 'print as JSON')
    .action((id: string, own: Partial<Options>, command: Command) =>
      show(id, { ...command.optsWithGlobals<Options>(), ...own }, context))
}

/** The most expensive rings of the last scan, with the money and the strongest reasons. */
export async function rankedRings(database: Database, top: number, language: Language = 'en'): Promise<string> {
  const rings = await listRings(database, top)
  if (rings.length === 0) return 'No rings: the last scan found none, or there was no scan yet (ringfence scan).'
  return rings.map((ring) => lineText(ring, language)).join('\n')
}

async function list(options: Options, context: CliContext): Promise<void> {
  const { database, close } = await context.openDatabase()
  try {
    if (options.json === true) context.print(JSON.stringify({ rings: (await listRings(database, options.top)).map(jsonOfLine) }, null, 2))
    else context.print(await rankedRings(database, options.top, options.lang))
    context.exit(ExitCode.done)
  } finally {
    await close()
  }
}

const reasonsShown = 3

/** Two lines: what it can cost, and why it is taken for one operator. */
function lineText(ring: RingLine, language: Language): string {
  const reasons = forOneOperator(ring.reasons).slice(0, reasonsShown).map((reason) => analystSentence(reason, language))
  const stake = ring.atStake === '0' ? '' : ` of ${inShort(ring.atStake)}`
  const head = `ring ${ring.id.padEnd(6)} ${`${inShort(ring.expectedLoss)}${stake} ${ring.asset}`.padStart(24)}  ${String(ring.accounts).padStart(4)} accounts `
    + `${String(ring.referrals).padStart(4)} referrals  p ${ring.probability.toFixed(3)}${ring.caseId === null ? '' : `  case ${ring.caseId}`}`
  return reasons.length === 0 ? head : `${head}\n            ${reasons.join(' ')}`
}

/** Two decimals are enough to compare rings by; JSON has them all. */
function inShort(amount: string): string {
  return amount.includes('.') ? Number(amount).toFixed(2) : amount
}

function forOneOperator(reasons: readonly RingReason[]): RingReason[] {
  return reasons.filter((reason) => reason.bits > 0 && reason.code !== 'base_rate').sort((left, right) => right.bits - left.bits)
}

async function show(id: string, options: Options, context: CliContext): Promise<void> {
  if (!/^\d{1,18}$/.test(id)) {
    refuseUse(context, 'The id of a ring is a whole number.')
    return
  }
  const { database, close } = await context.openDatabase()
  try {
    const ring = await readRing(database, BigInt(id))
    if (ring === null) {
      refuseUse(context, `There is no ring ${id}.`)
      return
    }
    context.print(options.json === true ? JSON.stringify(jsonOfPage(ring), null, 2) : pageText(ring, options.lang))
    context.exit(ExitCode.done)
  } finally {
    await close()
  }
}

function pageText(ring: RingPage, language: Language): string {
  const lines = [
    `Ring ${ring.id} (${ring.state}), seen by scans ${ring.firstScanId} to ${ring.scanId}${ring.caseId === null ? '' : `, case ${ring.caseId}`}`,
    `${ring.accounts} accounts, ${ring.referrals} referrals, probability ${ring.probability.toFixed(3)}, expected loss ${ring.expectedLoss} ${ring.asset}`,
    '', 'Reasons, in bits:',
    ...ring.reasons.map((reason) => `  ${signed(reason.bits).padStart(7)}  ${analystSentence(reason, language)}`),
    '', 'Members:',
    ...ring.members.slice(0, membersShown).map((member) => {
      const tie = member.tiedTo === null ? 'the ring grows from here'
        : `tied to ${member.tiedTo} by ${member.through === null ? 'behaviour' : `${member.through} ${member.shownAs ?? ''}`.trim()} (${signed(member.bits)} bits)`
      return `  ${(member.account ?? `(erased ${member.accountId})`).padEnd(20)} score ${member.score.toFixed(3)}  ${tie}`
    }),
    ...(ring.members.length > membersShown ? [`  … and ${ring.members.length - membersShown} more (--json lists all)`] : []),
  ]
  if (ring.referralLines.length > 0) {
    lines.push('', 'Referrals inside:', ...ring.referralLines.slice(0, membersShown).map((referral) =>
      `  ${referral.inviter ?? '(erased)'} → ${referral.invitee ?? '(erased)'}  p ${referral.probability?.toFixed(3) ?? '–'}  `
      + `${referral.decision ?? ''}${referral.notPayable === null ? '' : `  not payable: ${referral.notPayable}`}`))
  }
  lines.push('', 'Money of their rebates:', ...(ring.money.length === 0 ? ['  none in the books'] : ring.money.map(({ asset, amounts }) =>
    `  ${Object.entries(amounts).map(([kind, amount]) => `${kind} ${amount} ${asset}`).join(', ')}`)))
  for (const { scanId, from, to, kind } of ring.lineage) lines.push(`In scan ${scanId}, ring ${from} ${kind === 'split' ? 'split into' : 'went into'} ring ${to}.`)
  return lines.join('\n')
}

function signed(bits: number): string {
  return `${bits >= 0 ? '+' : '−'}${Math.abs(bits).toFixed(1)}`
}

function jsonOfLine(ring: RingLine): Record<string, unknown> {
  return {
    id: ring.id, state: ring.state, program: ring.program, accounts: ring.accounts, referrals: ring.referrals, probability: ring.probability,
    expected_loss: ring.expectedLoss, at_stake: ring.atStake, asset: ring.asset, reasons: ring.reasons, scan_id: ring.scanId, first_scan_id: ring.firstScanId, case_id: ring.caseId,
  }
}

function jsonOfPage(ring: RingPage): Record<string, unknown> {
  return {
    ...jsonOfLine(ring),
    members: ring.members.map((member) => ({
      account_id: member.account, internal_id: member.accountId, score: member.score, created_at: member.createdAt, tied_to: member.tiedTo,
      through: member.through, shown_as: member.shownAs, bits: member.bits,
    })),
    referral_list: ring.referralLines.map((referral) => ({
      fact_id: referral.factId, inviter_id: referral.inviter, invitee_id: referral.invitee, occurred_at: referral.occurredAt,
      probability: referral.probability, decision: referral.decision, not_payable: referral.notPayable, state: referral.state,
    })),
    money: ring.money,
    lineage: ring.lineage.map(({ scanId, ...link }) => ({ scan_id: scanId, ...link })),
  }
}
