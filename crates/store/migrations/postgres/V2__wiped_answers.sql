-- Cleanup of the answers that are kept for a moment; rows without one are not in it.
CREATE INDEX flows_answered_idx ON flows (last_answer_until) WHERE last_answer IS NOT NULL;
COMMENT ON INDEX flows_answered_idx IS 'cleanup of answers';
