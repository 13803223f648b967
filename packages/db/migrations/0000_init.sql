CREATE TABLE "accept_keys" (
	"integration" integer NOT NULL,
	"kind" smallint NOT NULL,
	"key" "bytea" NOT NULL,
	"body_hash" "bytea",
	"trigger" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "accept_keys_integration_kind_key_pk" PRIMARY KEY("integration","kind","key")
);
--> statement-breakpoint
CREATE TABLE "attempts" (
	"delivery" bigint NOT NULL,
	"n" smallint NOT NULL,
	"generation" integer NOT NULL,
	"revision" integer NOT NULL,
	"sent_at" timestamp with time zone,
	"ms" integer,
	"code" smallint,
	"err" text,
	"body_hash" "bytea",
	"signature" text,
	"response_headers" text,
	"response_body" "bytea",
	CONSTRAINT "attempts_delivery_n_pk" PRIMARY KEY("delivery","n")
) PARTITION BY RANGE ("delivery");
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"integration" integer,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"details" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "batches" (
	"id" bigint PRIMARY KEY NOT NULL,
	"first_trigger" bigint NOT NULL,
	"n" integer NOT NULL,
	"v" smallint NOT NULL,
	"bulk" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"owner" integer,
	"runs" smallint DEFAULT 0 NOT NULL,
	"base" bigint,
	"plan" integer[],
	"quarantined_at" timestamp with time zone
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
--> statement-breakpoint
CREATE TABLE "config" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL,
	"key_check" "bytea",
	CONSTRAINT "config_one_row" CHECK ("config"."one")
) WITH (fillfactor = 50);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" bigint PRIMARY KEY NOT NULL,
	"trigger" bigint NOT NULL,
	"integration" integer NOT NULL,
	"subscription" integer NOT NULL,
	"revision" integer NOT NULL,
	"profile" smallint NOT NULL,
	"status" smallint NOT NULL,
	"event_id" smallint NOT NULL,
	"order_status" smallint,
	"generation" integer NOT NULL,
	"attempts" smallint NOT NULL,
	"last_code" smallint,
	"err" text,
	"created_at" timestamp with time zone NOT NULL,
	"last_sent_at" timestamp with time zone
) PARTITION BY RANGE ("id");
--> statement-breakpoint
CREATE TABLE "due" (
	"delivery" bigint PRIMARY KEY NOT NULL,
	"subscription" integer NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"step" smallint NOT NULL,
	"generation" integer NOT NULL,
	"crashes" smallint DEFAULT 0 NOT NULL,
	"run" integer
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
--> statement-breakpoint
CREATE TABLE "integrations" (
	"id" integer PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "lanes" (
	"subscription" integer PRIMARY KEY NOT NULL,
	"next_due_at" timestamp with time zone,
	"owner" integer,
	"runs" integer DEFAULT 0 NOT NULL,
	"limit_now" smallint,
	"blocked_until" timestamp with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"failing_since" timestamp with time zone
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
--> statement-breakpoint
CREATE TABLE "notices" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "notices_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"ref" text NOT NULL,
	"integration" integer,
	"details" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"sent_at" timestamp with time zone,
	CONSTRAINT "notices_kind_ref" UNIQUE("kind","ref")
);
--> statement-breakpoint
CREATE TABLE "retention" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"days" integer DEFAULT 30 NOT NULL,
	"partition_days" integer DEFAULT 2 NOT NULL,
	"floor" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "retention_one_row" CHECK ("retention"."one"),
	CONSTRAINT "retention_days_min" CHECK ("retention"."days" >= 14)
);
--> statement-breakpoint
CREATE TABLE "revisions" (
	"subscription" integer NOT NULL,
	"revision" integer NOT NULL,
	"name" text NOT NULL,
	"url" text NOT NULL,
	"view" text,
	"view_version" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "revisions_subscription_revision_pk" PRIMARY KEY("subscription","revision")
);
--> statement-breakpoint
CREATE TABLE "secrets" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "secrets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"subscription" integer NOT NULL,
	"ciphertext" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "subscriptions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"integration" integer NOT NULL,
	"key" text NOT NULL,
	"profile" smallint NOT NULL,
	"state" smallint NOT NULL,
	"revision" integer NOT NULL,
	"filters" jsonb NOT NULL,
	"success_code" text,
	"horizon_seconds" integer NOT NULL,
	"timeout_ms" integer NOT NULL,
	"in_flight_limit" smallint NOT NULL,
	"notify" boolean DEFAULT false NOT NULL,
	"notification_emails" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	"paused_at" timestamp with time zone,
	"paused_ms" bigint DEFAULT 0 NOT NULL,
	"changed_version" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "tokens_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"hash" "bytea" NOT NULL,
	"hint" text NOT NULL,
	"name" text NOT NULL,
	"integrations" integer[] NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"changed_version" bigint NOT NULL,
	CONSTRAINT "tokens_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "triggers" (
	"id" bigint PRIMARY KEY NOT NULL,
	"integration" integer NOT NULL,
	"event_id" smallint NOT NULL,
	"order_id" text,
	"facility_id" text,
	"search" text,
	"occurrence" "bytea",
	"duplicate" boolean NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"data" text NOT NULL
) PARTITION BY RANGE ("id");
--> statement-breakpoint
CREATE TABLE "workers" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "workers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"host" text NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
--> statement-breakpoint
ALTER TABLE "revisions" ADD CONSTRAINT "revisions_subscription_subscriptions_id_fk" FOREIGN KEY ("subscription") REFERENCES "public"."subscriptions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "secrets" ADD CONSTRAINT "secrets_subscription_subscriptions_id_fk" FOREIGN KEY ("subscription") REFERENCES "public"."subscriptions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_integration_integrations_id_fk" FOREIGN KEY ("integration") REFERENCES "public"."integrations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "accept_keys_created_at" ON "accept_keys" USING brin ("created_at");--> statement-breakpoint
CREATE INDEX "audit_log_integration" ON "audit_log" USING btree ("integration","id");--> statement-breakpoint
CREATE INDEX "deliveries_trigger" ON "deliveries" USING btree ("trigger");--> statement-breakpoint
CREATE INDEX "deliveries_subscription" ON "deliveries" USING btree ("subscription","id");--> statement-breakpoint
CREATE INDEX "deliveries_last_sent_at" ON "deliveries" USING btree ("integration","last_sent_at" DESC NULLS LAST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "deliveries_event" ON "deliveries" USING btree ("integration","event_id","id");--> statement-breakpoint
CREATE INDEX "deliveries_last_code" ON "deliveries" USING btree ("integration","last_code" DESC NULLS LAST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "deliveries_undelivered" ON "deliveries" USING btree ("subscription","status","id") WHERE status <> 2;--> statement-breakpoint
CREATE INDEX "due_lane" ON "due" USING btree ("subscription","due_at","delivery");--> statement-breakpoint
CREATE INDEX "lanes_next_due_at" ON "lanes" USING btree ("next_due_at") WHERE owner IS NULL;--> statement-breakpoint
CREATE INDEX "secrets_subscription" ON "secrets" USING btree ("subscription");--> statement-breakpoint
CREATE UNIQUE INDEX "subscriptions_integration_key" ON "subscriptions" USING btree ("integration","key") WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX "subscriptions_changed_version" ON "subscriptions" USING btree ("changed_version");--> statement-breakpoint
CREATE INDEX "tokens_changed_version" ON "tokens" USING btree ("changed_version");--> statement-breakpoint
CREATE INDEX "triggers_order" ON "triggers" USING btree ("integration","order_id","id");--> statement-breakpoint
CREATE INDEX "triggers_facility" ON "triggers" USING btree ("integration","facility_id","id") WHERE facility_id IS NOT NULL;