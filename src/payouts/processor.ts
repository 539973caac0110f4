// What a payment processor must be able to do for payouts: three calls that may be repeated under one key, a question about each,
// and reading its own signed events. Stripe Connect is one.

export const PROCESSOR_STEPS = ['transfer', 'payout', 'reversal'] as const
/** transfer: to the payee's account at the processor; payout: from there to the bank; reversal: back from there to us. */
export type ProcessorStep = (typeof PROCESSOR_STEPS)[number]

export interface ProcessorOrder {
  /** The same for every repetition of one attempt of one step. */
  readonly idempotencyKey: string
  /** Names the payout at the processor for ever, so that it can be asked for; says nothing about the member. */
  readonly group: string
  /** The payee's account at the processor. */
  readonly account: string
  readonly amountMicros: bigint
  readonly asset: string
  /** The transfer that a reversal takes back. */
  readonly transferReference: string | null
}

/**
 * done: it took effect, exactly once. refused: it did not, and never will under this key. `isFinal`: nor under another; else another
 * attempt may succeed later. unclear: nobody knows; ask, or repeat under the same key.
 */
export type ProcessorAnswer =
  | { readonly kind: 'done'; readonly reference: string }
  | { readonly kind: 'refused'; readonly failure: string; readonly isFinal: boolean }
  | { readonly kind: 'unclear'; readonly failure: string }

export type ProcessorFinding = { readonly kind: 'found'; readonly reference: string } | { readonly kind: 'absent' } | { readonly kind: 'unclear'; readonly failure: string }

export type ProcessorEvent =
  | { readonly kind: 'payout'; readonly id: string; readonly at: Date; readonly word: 'paid' | 'failed'; readonly reference: string; readonly group: string | null; readonly amountMinor: number; readonly currency: string; readonly failure: string | null }
  | { readonly kind: 'transfer'; readonly id: string; readonly at: Date; readonly reference: string; readonly group: string | null; readonly isReversed: boolean; readonly reversalReference: string | null }
  | { readonly kind: 'account'; readonly id: string; readonly at: Date; readonly account: string; readonly payoutsEnabled: boolean }
  | { readonly kind: 'other'; readonly id: string; readonly at: Date; readonly type: string }

export interface Processor {
  readonly method: 'stripe'
  call(step: ProcessorStep, order: ProcessorOrder): Promise<ProcessorAnswer>
  /** Whether the step took effect, under whichever key. */
  find(step: ProcessorStep, order: ProcessorOrder): Promise<ProcessorFinding>
  /** Null when the event is not signed by the processor, or too long ago. */
  readEvent(text: string, signature: string, receivedAt: Date): ProcessorEvent | null
}
