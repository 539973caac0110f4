-- What accrual needs beyond one track and one currency: the track of a rebate, converted amounts, and what must be asked before it is earned.

ALTER TABLE rebate ADD COLUMN track text NOT NULL DEFAULT 'default';
COMMENT ON COLUMN rebate.track IS 'The track that the inviter was on when the event occurred; it never changes afterwards.';

-- Another currency carries its amount in the programme's asset, the rate and where the rate is from.
ALTER TABLE event ADD COLUMN converted_amount bigint CHECK (converted_amount >= 0);
ALTER TABLE event ADD COLUMN converted_asset text REFERENCES asset;
ALTER TABLE event ADD COLUMN conversion_rate text;
ALTER TABLE event ADD COLUMN conversion_source text;
ALTER TABLE event ADD CONSTRAINT event_conversion CHECK (num_nulls(converted_amount, converted_asset, conversion_rate, conversion_source) IN (0, 4));

-- What an event would earn but cannot be said yet: it is held for a person's answer, never guessed.
CREATE TABLE accrual_question (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id      bigint NOT NULL REFERENCES event,
  program_id    bigint NOT NULL REFERENCES program,
  referral_id   bigint NOT NULL REFERENCES referral,
  reason        text NOT NULL CHECK (reason IN ('period_missing', 'period_not_in_months', 'conversion_missing')),
  owner_id      bigint NOT NULL REFERENCES actor,
  due_at        timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  answer        jsonb,
  answered_at   timestamptz,
  answered_by   bigint REFERENCES actor,
  UNIQUE (event_id, program_id),
  CHECK (num_nulls(answer, answered_at, answered_by) IN (0, 3))
);
COMMENT ON COLUMN accrual_question.answer IS 'The period or the conversion that was missing, or that nothing is earned.';

GRANT SELECT, INSERT ON accrual_question TO ringfence_app;
GRANT UPDATE (owner_id, due_at, answer, answered_at, answered_by) ON accrual_question TO ringfence_app;
