CREATE EXTENSION IF NOT EXISTS pg_trgm;
--> statement-breakpoint
CREATE TABLE "routes" (
	"path" text PRIMARY KEY NOT NULL,
	"service" text NOT NULL,
	"deployed_at" timestamp with time zone DEFAULT now()
);
--> statement-breakpoint
CREATE TABLE "services" (
	"name" text PRIMARY KEY NOT NULL,
	"deployed_at" timestamp with time zone DEFAULT now()
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sessions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"user_id" integer NOT NULL,
	"hash" "bytea" NOT NULL,
	"application" text NOT NULL,
	"remembered" boolean NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"used_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "sessions_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "users_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"email" text NOT NULL,
	"first_name" text,
	"last_name" text,
	"phone" text,
	"company" text,
	"password_hash" text,
	"roles" text[] NOT NULL,
	"integrations" integer[] NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_version" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "notices" ADD COLUMN "tries" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "notices" ADD COLUMN "next_try_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "notices" ADD COLUMN "note" text;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "application" integer;--> statement-breakpoint
ALTER TABLE "tokens" ADD COLUMN "scopes" text[];--> statement-breakpoint
ALTER TABLE "tokens" ADD COLUMN "email" text;--> statement-breakpoint
ALTER TABLE "triggers" ADD COLUMN "order_status" smallint;--> statement-breakpoint
ALTER TABLE "routes" ADD CONSTRAINT "routes_service_services_name_fk" FOREIGN KEY ("service") REFERENCES "public"."services"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email" ON "users" USING btree (lower("email"));--> statement-breakpoint
CREATE INDEX CONCURRENTLY "notices_untold" ON "notices" USING btree ("next_try_at") WHERE sent_at IS NULL;--> statement-breakpoint
CREATE INDEX CONCURRENTLY "notices_integration" ON "notices" USING btree ("integration","id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "triggers_search" ON "triggers" USING gin ((coalesce(search, '') || chr(10) || lower(coalesce(order_id, ''))) gin_trgm_ops) WHERE event_id < 200;
--> statement-breakpoint
-- The PlanOmatic API's services and routes are records, so that one can be taken out of service without a release.
INSERT INTO "services" ("name") VALUES ('planoauth'), ('planocore');
--> statement-breakpoint
INSERT INTO "routes" ("path", "service") VALUES
	('/api/v1/sessions/create', 'planoauth'),
	('/api/v1/users/client_register', 'planoauth'),
	('/api/v1/webhook_jobs/index', 'planocore'),
	('/api/v1/webhook_out_subs/create', 'planocore'),
	('/api/v1/webhook_out_subs/index', 'planocore'),
	('/api/v1/webhook_out_subs/update', 'planocore');
