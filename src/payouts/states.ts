// The states of a payout and the only steps between them, as one closed table; the database enforces the same.
// Late words of a bank or processor are steps like any other: paid after failed takes the money out again, returned after paid brings it back.

export const PAYOUT_STATES = ['requested', 'approved', 'in_transit', 'paid', 'failed', 'returned', 'cancelled'] as const
export type PayoutState = (typeof PAYOUT_STATES)[number]

export const PAYOUT_STEPS = ['approve', 'send', 'confirm', 'fail', 'return', 'cancel'] as const
export type PayoutStep = (typeof PAYOUT_STEPS)[number]

const STEPS: Readonly<Record<PayoutState, Readonly<Partial<Record<PayoutStep, PayoutState>>>>> = {
  requested: { approve: 'approved', cancel: 'cancelled' },
  approved: { send: 'in_transit', cancel: 'cancelled' },
  in_transit: { confirm: 'paid', fail: 'failed', return: 'returned' },
  paid: { fail: 'failed', return: 'returned' },
  failed: { confirm: 'paid' },
  returned: { confirm: 'paid' },
  cancelled: {},
}

/** Null where the step leads nowhere from this state. */
export function stateAfter(state: PayoutState, step: PayoutStep): PayoutState | null {
  return STEPS[state][step] ?? null
}

/** Where the money of a payout lies: on its way, with the payee (and tax office and bank), or with the member again. */
export type MoneyPlace = 'transit' | 'out' | 'member'

const PLACES: Readonly<Record<PayoutState, MoneyPlace>> = {
  requested: 'transit', approved: 'transit', in_transit: 'transit', paid: 'out', failed: 'member', returned: 'member', cancelled: 'member',
}

export function placeOf(state: PayoutState): MoneyPlace {
  return PLACES[state]
}

/** Of two words about one moment the later step counts: what came back had been paid before. */
export const RANKS: Readonly<Record<'confirm' | 'fail' | 'return', number>> = { confirm: 0, fail: 1, return: 2 }

export function isPayoutState(word: string): word is PayoutState {
  return PAYOUT_STATES.some((state) => state === word)
}
