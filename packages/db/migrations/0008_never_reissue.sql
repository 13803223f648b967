-- Moves the sequence to where the clock is, one session at a time, and returns a block from there. It goes back only from
-- where nothing was stored: else those numbers would be given out again when the clock gets there.
CREATE OR REPLACE FUNCTION number_block_at(place bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	block bigint;
	back bigint;
BEGIN
	-- Of the session, not of the transaction: others need not wait until this one is committed.
	PERFORM pg_advisory_lock(hashtext('waybill.number_block'));
	block := nextval('number_block');
	-- A little ahead, so not again for the next of those who wait here, and never back behind those who take a block just now.
	IF block < place THEN
		PERFORM setval('number_block', greatest(place + 100, last_value)) FROM "number_block";
		block := nextval('number_block');
	ELSIF block > place + 200000000 THEN
		back := greatest(place + 100, (SELECT max(id) FROM triggers) / 1000, (SELECT max(id) FROM deliveries) / 1000,
			(SELECT max(greatest(id, base)) FROM batches) / 1000);
		-- Not for the few blocks above, which others may have taken and not stored yet.
		IF block > back + 1000000 THEN
			PERFORM setval('number_block', back);
			block := nextval('number_block');
		END IF;
	END IF;
	PERFORM pg_advisory_unlock(hashtext('waybill.number_block'));
	RETURN block;
EXCEPTION WHEN OTHERS OR query_canceled THEN
	PERFORM pg_advisory_unlock(hashtext('waybill.number_block'));
	RAISE;
END
$$;
--> statement-breakpoint
-- Fails where one of these deliveries is there already, of another trigger or subscription: a number was given out twice.
CREATE FUNCTION refuse_strangers(ids bigint[], triggers bigint[], subscriptions int[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	low bigint := (SELECT min(id) FROM unnest(ids) AS id);
	high bigint := (SELECT max(id) FROM unnest(ids) AS id);
	taken bigint;
BEGIN
	SELECT d.id INTO taken FROM unnest(ids, triggers, subscriptions) AS o(id, trigger, subscription)
		JOIN deliveries d ON d.id = o.id AND d.id >= low AND d.id <= high
		WHERE d.trigger <> o.trigger OR d.subscription <> o.subscription LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'delivery % is of another trigger or subscription', taken USING ERRCODE = 'unique_violation';
	END IF;
	RETURN false;
END
$$;
