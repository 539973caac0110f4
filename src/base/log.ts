// Structured logs through pino. Promises: no secrets and no identifiers; what could carry one is cut out by name.

import pino from 'pino'

export type Log = pino.Logger

const CENSORED = [
  'authorization', 'cookie', 'password', 'secret', 'token', 'key', 'external_id', 'externalId', 'value', 'email', 'phone', 'ip', 'url', 'database_url',
]

/** Lines go to the destination (default: standard error, so that a command's output stays clean). */
export function createLog(level: string, destination: pino.DestinationStream = pino.destination(2)): Log {
  const paths = CENSORED.flatMap((name) => [name, `*.${name}`])
  return pino({ level, base: null, redact: { paths, censor: '[cut]' }, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}
