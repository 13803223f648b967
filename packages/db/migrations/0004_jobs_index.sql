-- Built under another name, so that the lists are never without one.
CREATE INDEX CONCURRENTLY "deliveries_last_sent_at_jobs" ON "deliveries" USING btree ("integration","last_sent_at" DESC NULLS LAST,"id" DESC NULLS FIRST) WHERE profile IN (1, 2);--> statement-breakpoint
DROP INDEX "deliveries_last_sent_at";--> statement-breakpoint
ALTER INDEX "deliveries_last_sent_at_jobs" RENAME TO "deliveries_last_sent_at";
