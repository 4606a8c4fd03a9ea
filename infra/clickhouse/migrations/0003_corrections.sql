-- adds feedback.corrected_value
ALTER TABLE feedback ADD COLUMN corrected_value String;

-- adds feedback.rewrite
ALTER TABLE feedback ADD COLUMN rewrite String;
