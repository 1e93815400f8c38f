-- Flows are written at every action and hardly ever read. What they hold is sealed, so it cannot be compressed; kept in the row, it is not
-- cut into pieces in a table of its own either, each of which would be inserted, indexed and deleted again at the next action.
ALTER TABLE flows ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE flows ALTER COLUMN last_answer SET STORAGE EXTERNAL;
ALTER TABLE flows SET (toast_tuple_target = 8160);
