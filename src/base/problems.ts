// Refusals that a caller can act on: a closed set of codes with their HTTP status and title (RFC 9457).

export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not of the documented form.' },
  unauthorized: { status: 401, title: 'A valid API key is needed.' },
  forbidden: { status: 403, title: 'This key may not do that.' },
  not_found: { status: 404, title: 'There is no such thing, or this key may not see it.' },
  method_not_allowed: { status: 405, title: 'This method is not offered here.' },
  conflict: { status: 409, title: 'The thing changed meanwhile; read it again.' },
  in_flight: { status: 409, title: 'A request with the same key is being answered; repeat it later.' },
  plan_changed: { status: 409, title: 'The effects are no longer those of the plan; make a new plan.' },
  plan_expired: { status: 410, title: 'The plan is too old; make a new plan.' },
  too_large: { status: 413, title: 'The body is too large.' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json.' },
  key_reused: { status: 422, title: 'The idempotency key was used with another body.' },
  refused: { status: 422, title: 'The books refuse this.' },
  too_many_requests: { status: 429, title: 'Too many requests; wait and repeat.' },
  internal: { status: 500, title: 'Something failed here; nothing is known to have been done.' },
  unavailable: { status: 503, title: 'Not ready; repeat later.' },
} as const

export type ProblemCode = keyof typeof PROBLEMS

/** Thrown where a caller is to be told; `detail` must hold no identifier and no secret. */
export class Problem extends Error {
  readonly code: ProblemCode
  /** A stable word for the case within the code, e.g. `raw_card_number`. */
  readonly reason: string
  readonly pointers: readonly { pointer: string; message: string }[]

  constructor(code: ProblemCode, reason: string, detail: string, pointers: readonly { pointer: string; message: string }[] = []) {
    super(detail)
    this.name = 'Problem'
    this.code = code
    this.reason = reason
    this.pointers = pointers
  }

  get status(): number {
    return PROBLEMS[this.code].status
  }
}
