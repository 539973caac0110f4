// The rows of the CSV files that an audit writes, in an order of their own, so that shuffled input gives the same files.
import type { Detection, Reason, Ring } from '../../scoring/detection.ts'
import { formatAmount, fromFloat } from './amounts.ts'
import { csvLine } from './csv.ts'
import type { FolderContents } from './read-folder.ts'

export interface Audited {
  readonly contents: FolderContents
  readonly detection: Detection
}

/** `R1` is the ring of most expected loss. */
export function ringName(ring: number): string {
  return ring < 0 ? '' : `R${ring + 1}`
}

export function* referralLines({ contents, detection }: Audited): Generator<string> {
  yield csvLine(['inviter_id', 'invitee_id', 'probability', 'decision', 'ring_id', 'bits', 'top_reason', 'note'])
  const { population, accountIds } = contents
  const { inviter, invitee } = population.referrals
  const { probability, bits, ring, decision, topReason } = detection.referrals
  const id = (account: number | undefined): string => accountIds[account ?? -1] ?? ''
  const order = Array.from(inviter, (_, referral) => referral).sort((left, right) =>
    compareText(id(inviter[left]), id(inviter[right])) || compareText(id(invitee[left]), id(invitee[right]))
    || compareText(contents.referrals.program[left] ?? '', contents.referrals.program[right] ?? ''))
  for (const referral of order) {
    yield csvLine([
      id(inviter[referral]), id(invitee[referral]), probability[referral] ?? 0, decision[referral] ?? 'hold',
      ringName(ring[referral] ?? -1), rounded(bits[referral] ?? 0), topReason[referral] ?? '',
      contents.referrals.standing[referral] === 'payable' ? '' : 'not_payable',
    ])
  }
}

export function* accountLines({ contents, detection }: Audited): Generator<string> {
  yield csvLine(['account_id', 'score', 'ring_id'])
  const { accountIds } = contents
  const order = Array.from(accountIds, (_, account) => account)
    .sort((left, right) => compareText(accountIds[left] ?? '', accountIds[right] ?? ''))
  for (const account of order) {
    const { score, ring } = detection.accounts
    yield csvLine([accountIds[account] ?? '', score[account] ?? 0, ringName(ring[account] ?? -1)])
  }
}

export function* ringLines({ contents, detection }: Audited): Generator<string> {
  yield csvLine(['ring_id', 'accounts', 'referrals', 'expected_loss', 'currency', 'probability', 'top_reason'])
  const { currency } = contents.money
  for (const [index, ring] of detection.rings.entries()) {
    yield csvLine([
      ringName(index), ring.members.length, ring.referrals.length, formatLoss(ring.expectedLoss, currency), currency,
      ring.probability, topReasonOf(ring)?.code ?? '',
    ])
  }
}

/** A ring with its place in the detection, which names it. */
export interface OrderedRing {
  readonly ring: Ring
  readonly index: number
}

/** By expected loss as the detector orders them; where there is no money, by how many accounts are likely held. */
export function worstFirst({ contents, detection }: Audited): OrderedRing[] {
  const order = detection.rings.map((ring, index) => ({ ring, index }))
  if (contents.money.basis !== 'none') return order
  const weight = ({ ring }: OrderedRing): number => ring.probability * ring.members.length
  return order.sort((left, right) => weight(right) - weight(left) || left.index - right.index)
}

/** The strongest reason that speaks for one operator; null if none does. */
export function topReasonOf(ring: Ring): Reason | null {
  let top: Reason | null = null
  for (const reason of ring.reasons) {
    if (reason.code !== 'base_rate' && reason.bits > (top?.bits ?? 0)) top = reason
  }
  return top
}

export function formatLoss(loss: number, currency: string): string {
  return formatAmount(fromFloat(loss, currency), currency)
}

/** Bits are sums of quantised steps: rounding takes away only what floating point added. */
function rounded(bits: number): number {
  return Math.round(bits * 1e6) / 1e6
}

export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
