ALTER TABLE "workers" ALTER COLUMN "id" DROP IDENTITY;--> statement-breakpoint
ALTER TABLE "workers" ALTER COLUMN "id" SET DEFAULT floor(random() * 2147483647)::int;--> statement-breakpoint
-- The block is days since 2020-01-01 (UTC) x 10^8 + its place in the day, and never goes round.
ALTER SEQUENCE "number_block" MAXVALUE 9007199254740 NO CYCLE;
--> statement-breakpoint
-- Goes on above all numbers this day can have seen.
SELECT setval('number_block',
	((now() AT TIME ZONE 'UTC')::date - date '2020-01-01')::bigint * 100000000 + last_value, is_called) FROM "number_block";
--> statement-breakpoint
-- Moves the sequence to where the clock is, one session at a time, and returns a block from there.
CREATE FUNCTION number_block_at(place bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	block bigint;
BEGIN
	-- Of the session, not of the transaction: others need not wait until this one is committed.
	PERFORM pg_advisory_lock(hashtext('waybill.number_block'));
	block := nextval('number_block');
	-- A little ahead, so not again for the next of those who wait here, and never back behind those who take a block just now.
	IF block < place THEN
		PERFORM setval('number_block', greatest(place + 100, last_value)) FROM "number_block";
		block := nextval('number_block');
	ELSIF block > place + 200000000 THEN
		PERFORM setval('number_block', place + 100);
		block := nextval('number_block');
	END IF;
	PERFORM pg_advisory_unlock(hashtext('waybill.number_block'));
	RETURN block;
EXCEPTION WHEN OTHERS OR query_canceled THEN
	PERFORM pg_advisory_unlock(hashtext('waybill.number_block'));
	RAISE;
END
$$;
--> statement-breakpoint
-- The one number space: days since 2020-01-01 (UTC) x 10^11 + a block of 1,000 numbers a call. The sequence keeps up with
-- the clock, 1,157 blocks a second. So one that was set back, in a copy restored or a standby promoted, does not give out
-- numbers again that were given out after the copy was made; and one that a wrong clock took over two days ahead returns.
CREATE OR REPLACE FUNCTION number() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	ms bigint := floor(extract(epoch FROM clock_timestamp() - timestamptz '2020-01-01 00:00:00+00') * 1000);
	place bigint := ms / 86400000 * 100000000 + ms % 86400000 * 1157 / 1000;
	block bigint := nextval('number_block');
BEGIN
	IF block NOT BETWEEN place AND place + 200000000 THEN
		block := number_block_at(place);
	END IF;
	RETURN block * 1000;
END
$$;
