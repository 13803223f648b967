-- The one number space: days since 2020-01-01 (UTC) x 10^11 + a block of 1,000 numbers a call. Ordered by time,
-- below 2^53, and a range of days is a range of numbers, so partitions prune by id. 10^8 blocks a day.
CREATE SEQUENCE "number_block" MINVALUE 0 MAXVALUE 99999999 START WITH 0 CYCLE;
--> statement-breakpoint
CREATE FUNCTION number() RETURNS bigint LANGUAGE sql VOLATILE AS $$
	SELECT ((now() AT TIME ZONE 'UTC')::date - date '2020-01-01')::bigint * 100000000000
		+ nextval('number_block') * 1000
$$;
--> statement-breakpoint
INSERT INTO "config" DEFAULT VALUES;
--> statement-breakpoint
INSERT INTO "retention" DEFAULT VALUES;
--> statement-breakpoint
-- Makes the partitions of today and of the days ahead. A new partition is built beside its parent and attached,
-- which does not wait for writers. Names tell the days: triggers_2516_2518 holds days 2516 and 2517.
CREATE FUNCTION ensure_partitions(days_ahead int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	today int := (now() AT TIME ZONE 'UTC')::date - date '2020-01-01';
	width int := (SELECT partition_days FROM retention);
	parent text;
	first_day int;
	made int := 0;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('waybill.ensure_partitions'));
	FOREACH parent IN ARRAY ARRAY['triggers', 'deliveries', 'attempts'] LOOP
		SELECT max(split_part(c.relname, '_', 3)::int) INTO first_day
			FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent::regclass;
		first_day := greatest(coalesce(first_day, 0), today - today % width);
		WHILE first_day <= today + days_ahead LOOP
			EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)',
				format('%s_%s_%s', parent, first_day, first_day + width), parent);
			EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
				parent, format('%s_%s_%s', parent, first_day, first_day + width),
				first_day::bigint * 100000000000, (first_day + width)::bigint * 100000000000);
			first_day := first_day + width;
			made := made + 1;
		END LOOP;
	END LOOP;
	RETURN made;
END $$;
--> statement-breakpoint
-- The last day every partitioned table can still take, in days from today: what readiness looks at.
CREATE FUNCTION partition_days_ahead() RETURNS int LANGUAGE sql STABLE AS $$
	SELECT min(last_day) - ((now() AT TIME ZONE 'UTC')::date - date '2020-01-01') - 1
	FROM (
		SELECT coalesce(max(split_part(c.relname, '_', 3)::int), 0) AS last_day
		FROM unnest(ARRAY['triggers', 'deliveries', 'attempts']) AS parent
		LEFT JOIN pg_inherits i ON i.inhparent = parent::regclass
		LEFT JOIN pg_class c ON c.oid = i.inhrelid
		GROUP BY parent
	) AS days
$$;
--> statement-breakpoint
-- Frees a lane of the worker `me`, or of nobody (null). The row is locked first and the earliest due time read after that, in a statement of its own with
-- a snapshot of its own: a due row whose writer committed before the lock was granted is seen, and a writer that
-- comes later waits for the lock and lowers next_due_at itself. One statement could not promise both.
CREATE FUNCTION release_lane(lane int, me int) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
	earliest timestamptz;
BEGIN
	PERFORM 1 FROM lanes WHERE subscription = lane AND owner IS NOT DISTINCT FROM me FOR UPDATE;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	SELECT min(due_at) INTO earliest FROM due WHERE subscription = lane;
	UPDATE lanes SET owner = NULL, next_due_at = earliest WHERE subscription = lane;
	RETURN earliest;
END $$;
--> statement-breakpoint
SELECT ensure_partitions(7);
