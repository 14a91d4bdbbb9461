BEGIN TRANSACTION;
CREATE TABLE "account_emailaddress" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "verified" bool NOT NULL, "primary" bool NOT NULL, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "email" varchar(254) NOT NULL);
INSERT INTO "account_emailaddress" VALUES(1,1,1,1,'guest@example.org');
INSERT INTO "account_emailaddress" VALUES(2,1,1,2,'reporter@example.org');
INSERT INTO "account_emailaddress" VALUES(3,1,1,3,'researcher@example.org');
INSERT INTO "account_emailaddress" VALUES(4,1,1,4,'maintainer@example.org');
INSERT INTO "account_emailaddress" VALUES(5,1,1,5,'owner@example.org');
INSERT INTO "account_emailaddress" VALUES(6,1,1,6,'ines@example.org');
INSERT INTO "account_emailaddress" VALUES(7,1,1,7,'mallory@example.org');
INSERT INTO "account_emailaddress" VALUES(8,1,1,8,'noor@example.org');
INSERT INTO "account_emailaddress" VALUES(9,1,1,9,'sefa@example.org');
INSERT INTO "account_emailaddress" VALUES(11,1,1,11,'guest50@example.org');
INSERT INTO "account_emailaddress" VALUES(12,1,1,12,'member52@example.org');
INSERT INTO "account_emailaddress" VALUES(13,1,1,13,'reporter53@example.org');
INSERT INTO "account_emailaddress" VALUES(14,1,1,14,'member55@example.org');
INSERT INTO "account_emailaddress" VALUES(15,1,1,15,'researcher56@example.org');
INSERT INTO "account_emailaddress" VALUES(16,1,1,16,'member58@example.org');
INSERT INTO "account_emailaddress" VALUES(17,1,1,17,'maintainer59@example.org');
INSERT INTO "account_emailaddress" VALUES(18,1,1,18,'member61@example.org');
INSERT INTO "account_emailaddress" VALUES(19,1,1,19,'otto@example.org');
CREATE TABLE "account_emailconfirmation" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "created" datetime NOT NULL, "sent" datetime NULL, "key" varchar(64) NOT NULL UNIQUE, "email_address_id" integer NOT NULL REFERENCES "account_emailaddress" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "accounts_factorsecret" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "sealed_secret" text NOT NULL, "created_at" datetime NOT NULL);
INSERT INTO "accounts_factorsecret" VALUES(1,'8ef82081b1724fe48051e49c87082b43','cfe8aa02:gAAAAABrCUaQw2uZJSqaboyrBu4_qzSTxQOA1X338wb_GnJIkXPqxexwLnw6Jwkxchrx7SJmoGX5nXXeC0NGcEWOgLJSbS2jtcXTUl5LweJOHZ5ZmnY7cAp6u_TLtoX3xJcOh40JXZkGDIn1WovwRiR-saCkxOdR7dd34bY1KWIpDondmpclJuEaCW23sVvev3AmKYJglz8mQzgEpZEH_BfwTSopuJsUcPsBAOzjDMkYnzMZaI4T7FY0MEZIfGCan9wJiKWBSL8o','2026-11-27 09:00:00');
INSERT INTO "accounts_factorsecret" VALUES(2,'40579d2a061d438da6257c34a8b18728','cfe8aa02:gAAAAABrCUaQV4HebfQ0HDpJb52k0eBH7ZPhJZ0Q2szJeu7DIoBI_3olBL4-ZwRBQBuhFsSuefnRgBkVm5Uz_FDLy0o4neLzI2hFRb6dpCVzS4BDv76PEnew6YYt3JVvL2hwfjWO_Yb5iqrqKzQeVg-YpdaKpr2X0IVu3TN_1MxKtSnJ8t3wXaP7LcSURj_G7f1q8U_SVOOiQwnUUpPeuwvGlmSOL2DcYYpu3sYM_7sOUeQ1sd9EwDLDDtIIpYQRY3ePLUhPqQEBSO_BIbwz7zq34MLHCcwq4YLY4uOxMru93g8JWV7fD-L8aE1aeT_F3pU2DAIEVvg0','2026-11-27 09:00:00');
CREATE TABLE "accounts_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL, "uuid" char(32) NOT NULL UNIQUE, "created_at" datetime NOT NULL, "seen_at" datetime NOT NULL, "ip" char(39) NULL, "user_agent" varchar(200) NOT NULL, "user_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "accounts_session" VALUES('a203cc47fc16e31e535f820cf757bc01cc0c0202','gAAAAABrCUaQafH-bgzGt4ZqOcc8IrvNKSye8uC8wrs148xcIagHN8GULsiaC0Xaokp-Cftf-9oV7f0T-vgIbPa9TDyz7cF2yC8G2Ah72_kwK6etB3Kl1FFjfNYmOcFrX4cxPvpO9tFDVHX6HkSl0VPxXZ_OMLALQOQXSMAz3wOFPnupJqV1Vq0CYJGL6a4DgOx6FA7Lx0ocEcIm6EJWbc9CiinqZOiIwWssg02PvEeAmreuQ6e4b8NnNSqCK6QgxJXfngVrpdHAjWLVTchFd8_1sp_iodKFzdLrhbDoxqkoklKWkS1dd4GnGmIFgb-_V8fdM5pGuLVB','2026-12-11 09:00:00','a203cc47fc16e31e535f820cf757bc01','2026-11-27 09:00:00','2026-11-27 09:00:00',NULL,'',8);
INSERT INTO "accounts_session" VALUES('b47a3eebcd7b87d2a40c8b15f0a7904d65c0595e','gAAAAABrCUaQvlou4Iu7X6uW86rDlZAhoLsT6kDgBa-8Uys1V015niANTR19YFS5Y2pkkiAzrpaCHKSGnMe3TAmGT4-NumJ_I6442j4qvlNwsVSxp6SySViwO1qcg5VBdh3lmzxMwCyeq0s4cY8fAC9Pw60WUFcCvnDbMjEba8-HuwReJz2RA-v-UPqkg4d6_rkpJx3CXDLyNnGUqrz9g2jzvm3TJ544QTF4gYXgRFvjNw-rIWfK6vj5VqLSK3JIXh3ViEJbH3SOG5K0DHTg-dSXSBbKS9I7SNEcNfbrTDN4V-6BHc253zbCARMFDyalem1EUEX4sRGv','2026-12-11 09:00:00','b47a3eebcd7b87d2a40c8b15f0a7904d','2026-11-27 09:00:00','2026-11-27 09:00:00',NULL,'',9);
CREATE TABLE "accounts_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE, "first_name" varchar(150) NOT NULL, "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL, "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "uuid" char(32) NOT NULL UNIQUE, "time_zone" varchar(64) NOT NULL, "theme" varchar(5) NOT NULL, "deleted_at" datetime NULL, CONSTRAINT "user_deleted_is_inactive" CHECK (("deleted_at" IS NULL OR NOT "is_active")), CONSTRAINT "user_theme_known" CHECK ("theme" IN ('', 'light', 'dark')));
INSERT INTO "accounts_user" VALUES(1,'pbkdf2_sha256$1000$7MH7RpQsAoS3uL3tOsT6gA$0hSVVPAE+TKdOZ1YvQHvVBCxHuPaFGE9nmbnnxMBf7U=',NULL,0,'guest','','','guest@example.org',0,1,'2026-11-27 09:00:00','02a5d712eeec4a43bdba9f8b5f5dc934','','',NULL);
INSERT INTO "accounts_user" VALUES(2,'pbkdf2_sha256$1000$fCgXHQn7pajpZs5AmyvDdM$y4Tc/HSOc6cTOHMx0M3/zPhgA+Nt4DV57VpZWhgRrnI=',NULL,0,'reporter','','','reporter@example.org',0,1,'2026-11-27 09:00:00','0e49e585e26e42fe9ab38a10546e5714','','light',NULL);
INSERT INTO "accounts_user" VALUES(3,'pbkdf2_sha256$1000$3l7evun15pXUtu6lYdP2Y7$paTqf//uzyVm4V5cktpnEaLbQalLv84MV+ZM6pTz1ZE=',NULL,0,'researcher','','','researcher@example.org',0,1,'2026-11-27 09:00:00','eb266732a9254ad6ae1210d5b19eef15','','dark',NULL);
INSERT INTO "accounts_user" VALUES(4,'pbkdf2_sha256$1000$1aizqsHThEJfhEVBDLFJXi$X1eOS0j2fCNZiTEWn9kFLTTSsEr47ZaBhjbMZMjn7SY=',NULL,0,'maintainer','','','maintainer@example.org',0,1,'2026-11-27 09:00:00','cd74646d50074cdaa49d232d2d954b63','','',NULL);
INSERT INTO "accounts_user" VALUES(5,'pbkdf2_sha256$1000$GQsbHcME83Y8YZp8rO9FIm$R2+EKSbvsEG475EtsOFaXbc1/jkX+UfrIm0STvwQpI0=',NULL,0,'owner','','','owner@example.org',0,1,'2026-11-27 09:00:00','1be30e34a1174b0b8782a512e67226c0','','',NULL);
INSERT INTO "accounts_user" VALUES(6,'pbkdf2_sha256$1000$ww3uWm3VdUrv9ZH9Uuwr5o$ymxzv/uxlpdBAlTXwlOzDA40fcyRi0RsaejZg9EE6Gs=',NULL,0,'ines','Inês','Vasconcelos','ines@example.org',0,1,'2026-11-27 09:00:00','40ad2a100173451aa6d2091b4f9750b1','','',NULL);
INSERT INTO "accounts_user" VALUES(7,'pbkdf2_sha256$1000$KyIae8kCJhJyCmf5lKYCnw$UEVSY+89fv/+S4+RpyDBL+VLiRNtHWoU/nzPnfH5DGg=',NULL,0,'mallory','','','mallory@example.org',0,1,'2026-11-27 09:00:00','485f7e85fd7441c2887c67e2804cfb32','','',NULL);
INSERT INTO "accounts_user" VALUES(8,'pbkdf2_sha256$1000$4q1YYsZbqUT1BgQHP8B0mt$L4vtEPf25DqN9EjhxZkgGrd5R7BKUvDfwaYKY00bw6M=','2026-11-27 09:00:00',0,'noor','Noor','','noor@example.org',0,1,'2026-11-27 09:00:00','e8daf60ac9924352bfce539792c3b078','Europe/Oslo','',NULL);
INSERT INTO "accounts_user" VALUES(9,'pbkdf2_sha256$1000$uqcJwN3fSxk6NwA5l38O5g$mXSFK7KVFTldk6cLnZni18RjYOnh6sz4gtRr5f3ecbg=','2026-11-27 09:00:00',0,'sefa','','','sefa@example.org',0,1,'2026-11-27 09:00:00','696565af3003448abc0affabd3c84e44','','',NULL);
INSERT INTO "accounts_user" VALUES(10,'!6VQgZ2sWgGT9edIVVv3iutGpVgihyIHvUEWttxnM',NULL,0,'deleted-33yznt97qxyb','','','',0,0,'2026-11-27 09:00:00','dbd2a170684e4113a9cbe83a1b352c2f','','','2026-11-27 09:00:00');
INSERT INTO "accounts_user" VALUES(11,'pbkdf2_sha256$1000$UNbQ4IunoGnqwhBFvWyl62$qlDIYCNBB3/N2f76zjNMOVj6c4qatl/uKrQR8JWO+XA=',NULL,0,'guest50','','','guest50@example.org',0,1,'2026-11-27 09:00:00','9b175bc98d924e0faebddd349239287a','','',NULL);
INSERT INTO "accounts_user" VALUES(12,'pbkdf2_sha256$1000$aPRklWwY93RxvBj42Emnh4$9IfCXoaUmwxxWW2k3Zt9MtvkpnNxPY+DouR5/dKUVN0=',NULL,0,'member52','','','member52@example.org',0,1,'2026-11-27 09:00:00','7e3b18cd49544c56aebbaab167a8e162','','',NULL);
INSERT INTO "accounts_user" VALUES(13,'pbkdf2_sha256$1000$WnQsbadTsGaS2hRfAslFQs$v1F2cPgLVyUIsPoEhVcZjyGPUMd6ROwb6LCR726q47c=',NULL,0,'reporter53','','','reporter53@example.org',0,1,'2026-11-27 09:00:00','ddd57c9e1bb14a2d9c174e7f08a019c6','','',NULL);
INSERT INTO "accounts_user" VALUES(14,'pbkdf2_sha256$1000$AOZvYGedA659UAoWAE0aLs$7kL1gYzjHcpRnEF2enJ/MTgTM3TYhE1ID60Su8Xrg4U=',NULL,0,'member55','','','member55@example.org',0,1,'2026-11-27 09:00:00','e4f80bfe683846ab88eb2970a4345ec2','','',NULL);
INSERT INTO "accounts_user" VALUES(15,'pbkdf2_sha256$1000$xCpdX6fGMwKwfrnHrynUWL$1SK17tul7h0GsAEzYgNP8SKcDGTIuiafTiYu4i4o+E0=',NULL,0,'researcher56','','','researcher56@example.org',0,1,'2026-11-27 09:00:00','cb06277d79f34138995367ed5c960c8d','','',NULL);
INSERT INTO "accounts_user" VALUES(16,'pbkdf2_sha256$1000$SQqqrO7dm4sxwsoxKeo6eT$7CU6nCqSQgaKxgau/Ubqzy3a/J6kcE2pFsBTktGKwjw=',NULL,0,'member58','','','member58@example.org',0,1,'2026-11-27 09:00:00','818025d1a5504d59affb8ee61c5734f5','','',NULL);
INSERT INTO "accounts_user" VALUES(17,'pbkdf2_sha256$1000$8QSEowmCdEKEbkslXOFi1G$YK8sVU299VfYA+PMqBtyjcOGFkU172PpRmoIgyUWSNA=',NULL,0,'maintainer59','','','maintainer59@example.org',0,1,'2026-11-27 09:00:00','b9be6fee3d9a4d2c88f64b456326ddb7','','',NULL);
INSERT INTO "accounts_user" VALUES(18,'pbkdf2_sha256$1000$EsMURS9MTyZ6pNxIhrC1Cd$61yiLRy5IqPRTpv2+4PEFdiL5VvJxEQUapUB+MpUBU4=',NULL,0,'member61','','','member61@example.org',0,1,'2026-11-27 09:00:00','c25f9cec38234fea8d7e39f5a6335ca0','','',NULL);
INSERT INTO "accounts_user" VALUES(19,'pbkdf2_sha256$1000$jyOrtWwG44mVFhSi6v5LkF$dMnFTHpT7lxdFspWwcj+cSLwO9UW/wn4EtsOVf8IoCk=',NULL,0,'otto','','','otto@example.org',1,1,'2026-11-27 09:00:00','b8f8bcbef63442a9b4345e45ab58f879','','',NULL);
CREATE TABLE "accounts_user_groups" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "group_id" integer NOT NULL REFERENCES "auth_group" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "accounts_user_groups" VALUES(1,19,1);
CREATE TABLE "accounts_user_user_permissions" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "permission_id" integer NOT NULL REFERENCES "auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "accounts_user_user_permissions" VALUES(1,19,4);
CREATE TABLE "audit_auditevent" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "happened_at" datetime NOT NULL, "verb" varchar(60) NOT NULL, "actor_name" varchar(150) NOT NULL, "target_kind" varchar(60) NOT NULL, "target_uuid" char(32) NULL, "target_name" varchar(200) NOT NULL, "project_uuid" char(32) NULL, "before" text NOT NULL CHECK ((JSON_VALID("before") OR "before" IS NULL)), "after" text NOT NULL CHECK ((JSON_VALID("after") OR "after" IS NULL)), "request_id" varchar(64) NOT NULL, "actor_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "audit_auditevent" VALUES(1,'c123acc16c7045649c3cb7a78c14ea55','2026-11-27 09:00:00','group.created','researcher','group','c9ac04c86332461c9dca431b850f0c16','Field team of the northern plant',NULL,'{}','{"name": "Field team of the northern plant"}','',3);
INSERT INTO "audit_auditevent" VALUES(2,'466edcd2c8e34489bb78375b03930bc6','2026-11-27 09:00:00','group.person_added','researcher','group','c9ac04c86332461c9dca431b850f0c16','Field team of the northern plant',NULL,'{}','{"person": "owner"}','',3);
INSERT INTO "audit_auditevent" VALUES(3,'ba3982060d514965b847314e6dce576e','2026-11-27 09:00:00','group.person_added','researcher','group','c9ac04c86332461c9dca431b850f0c16','Field team of the northern plant',NULL,'{}','{"person": "reporter"}','',3);
INSERT INTO "audit_auditevent" VALUES(4,'fd5586cab4ad47b58c410761f069b4e9','2026-11-27 09:00:00','group.person_added','researcher','group','c9ac04c86332461c9dca431b850f0c16','Field team of the northern plant',NULL,'{}','{"person": "ines"}','',3);
INSERT INTO "audit_auditevent" VALUES(5,'2991ee7157f841f4802266595da6928d','2026-11-27 09:00:00','group.given_role','owner','group','c9ac04c86332461c9dca431b850f0c16','Field team of the northern plant','aade0bf439484970affa944fd2b48709','{}','{"role": "Guest"}','',5);
INSERT INTO "audit_auditevent" VALUES(6,'ef824d5f918c4726bed2aa896766529f','2026-11-27 09:00:00','group.role_changed','owner','group','c9ac04c86332461c9dca431b850f0c16','Field team of the northern plant','aade0bf439484970affa944fd2b48709','{"role": "Guest"}','{"role": "Reporter"}','',5);
INSERT INTO "audit_auditevent" VALUES(7,'978b987ccffd46ad8c2fbd2cce0c6ce4','2026-11-27 09:00:00','group.admin_made','researcher','group','c9ac04c86332461c9dca431b850f0c16','Field team of the northern plant',NULL,'{}','{"person": "owner"}','',3);
INSERT INTO "audit_auditevent" VALUES(8,'cf0fdb9e3b37481094e958acc7344e66','2026-11-27 09:00:00','project.labelled','maintainer','project','aade0bf439484970affa944fd2b48709','Solar cells','aade0bf439484970affa944fd2b48709','{"labels": []}','{"labels": ["solar", "thin film", "time series", "weather"]}','',4);
INSERT INTO "audit_auditevent" VALUES(9,'0c461f3792734742a93291d1cea32420','2026-11-27 09:00:00','project.edited','maintainer','project','aade0bf439484970affa944fd2b48709','Solar cells','aade0bf439484970affa944fd2b48709','{"name": "Solar"}','{"name": "Solar cells"}','',4);
INSERT INTO "audit_auditevent" VALUES(10,'3a9e1aed6d0445ffb0af09ffc184ff2e','2026-11-27 09:00:00','member.role_changed','owner','user','eb266732a9254ad6ae1210d5b19eef15','researcher','aade0bf439484970affa944fd2b48709','{}','{"role": "Researcher"}','',5);
INSERT INTO "audit_auditevent" VALUES(11,'37c8c2855b79454ebffe195ad5cd6d30','2026-11-27 09:00:00','token.created','researcher','personal access token','1e4e8e1eced8415fb91cc1905195e56d','ci',NULL,'{}','{"scope": "submit", "expires": "2027-02-25"}','',3);
INSERT INTO "audit_auditevent" VALUES(12,'44fd2888db864ecd83ea2577e93330e1','2026-11-27 09:00:00','token.created','researcher','personal access token','6a65d3c338db4892b50425ef20107fb5','old laptop',NULL,'{}','{"scope": "admin", "expires": "2026-12-27"}','',3);
INSERT INTO "audit_auditevent" VALUES(13,'4a35707caf2e494bb3d12657c52bd3b5','2026-11-27 09:00:00','token.created','researcher','personal access token','225364e1927c46058470b66cc9328f2e','notebook',NULL,'{}','{"scope": "read", "expires": "2026-12-27"}','',3);
INSERT INTO "audit_auditevent" VALUES(14,'d695f9c7370449cb9bea5ac6ae341e2c','2026-11-27 09:00:00','token.revoked','researcher','personal access token','6a65d3c338db4892b50425ef20107fb5','old laptop',NULL,'{}','{}','',3);
INSERT INTO "audit_auditevent" VALUES(15,'79af85c67db4420e8b6105c4a5faf937','2026-11-27 09:00:00','project.moved','noor','project','512ed03e39094b1db5860f6e7936fd6b','Sea ice','512ed03e39094b1db5860f6e7936fd6b','{"address": "ice"}','{"address": "sea-ice"}','',8);
INSERT INTO "audit_auditevent" VALUES(16,'05a51bab2ad843c3b226114f06607cfa','2026-11-27 09:00:00','run.added','noor','run','a8969a53fb1b465797b44e40cce52a03','never taken up','512ed03e39094b1db5860f6e7936fd6b','{}','{"commit": "67217260c000d82a2a1017d9baba735198b0cc8f", "entry point": "main", "site": "Polar cluster", "compute budget account": "demo"}','',8);
INSERT INTO "audit_auditevent" VALUES(17,'6d7e7685de3e4d64b649052601e8d05b','2026-11-27 09:00:00','run.added','noor','run','1ab7aea0f0b84b55b4c479b59d714cfa','sent without an answer','512ed03e39094b1db5860f6e7936fd6b','{}','{"commit": "67217260c000d82a2a1017d9baba735198b0cc8f", "entry point": "main", "site": "Polar cluster", "compute budget account": "demo"}','',8);
INSERT INTO "audit_auditevent" VALUES(18,'578ac679d71d4f7ca553b57bd3b04107','2026-11-27 09:00:00','account.second_factor_added','sefa','user','696565af3003448abc0affabd3c84e44','sefa',NULL,'{}','{"factor": "authenticator app"}','',9);
INSERT INTO "audit_auditevent" VALUES(19,'42d1589f35eb4e45992fd4db9d217770','2026-11-27 09:00:00','account.second_factor_added','sefa','user','696565af3003448abc0affabd3c84e44','sefa',NULL,'{}','{"factor": "passkey blue key"}','',9);
INSERT INTO "audit_auditevent" VALUES(20,'5a0ca0b0db1741479c45700806a2419d','2026-11-27 09:00:00','account.deleted','leaver','user','dbd2a170684e4113a9cbe83a1b352c2f','leaver',NULL,'{}','{}','',10);
INSERT INTO "audit_auditevent" VALUES(21,'6f4b04093d3441f6b2952b1ecd9f0b39','2026-11-27 09:00:00','experiment.deleted','noor','experiment','07e9c3a580fe4b84a4f7771f9fb78970','melted','512ed03e39094b1db5860f6e7936fd6b','{"name": "melted", "description": ""}','{}','',8);
CREATE TABLE "auth_group" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(150) NOT NULL UNIQUE);
INSERT INTO "auth_group" VALUES(1,'on duty');
CREATE TABLE "auth_group_permissions" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "group_id" integer NOT NULL REFERENCES "auth_group" ("id") DEFERRABLE INITIALLY DEFERRED, "permission_id" integer NOT NULL REFERENCES "auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "auth_group_permissions" VALUES(1,1,128);
INSERT INTO "auth_group_permissions" VALUES(2,1,4);
INSERT INTO "auth_group_permissions" VALUES(3,1,132);
INSERT INTO "auth_group_permissions" VALUES(4,1,8);
INSERT INTO "auth_group_permissions" VALUES(5,1,136);
INSERT INTO "auth_group_permissions" VALUES(6,1,12);
INSERT INTO "auth_group_permissions" VALUES(7,1,140);
INSERT INTO "auth_group_permissions" VALUES(8,1,16);
INSERT INTO "auth_group_permissions" VALUES(9,1,144);
INSERT INTO "auth_group_permissions" VALUES(10,1,20);
INSERT INTO "auth_group_permissions" VALUES(11,1,148);
INSERT INTO "auth_group_permissions" VALUES(12,1,24);
INSERT INTO "auth_group_permissions" VALUES(13,1,152);
INSERT INTO "auth_group_permissions" VALUES(14,1,28);
INSERT INTO "auth_group_permissions" VALUES(15,1,156);
INSERT INTO "auth_group_permissions" VALUES(16,1,32);
INSERT INTO "auth_group_permissions" VALUES(17,1,160);
INSERT INTO "auth_group_permissions" VALUES(18,1,36);
INSERT INTO "auth_group_permissions" VALUES(19,1,164);
INSERT INTO "auth_group_permissions" VALUES(20,1,40);
INSERT INTO "auth_group_permissions" VALUES(21,1,168);
INSERT INTO "auth_group_permissions" VALUES(22,1,44);
INSERT INTO "auth_group_permissions" VALUES(23,1,172);
INSERT INTO "auth_group_permissions" VALUES(24,1,48);
INSERT INTO "auth_group_permissions" VALUES(25,1,176);
INSERT INTO "auth_group_permissions" VALUES(26,1,52);
INSERT INTO "auth_group_permissions" VALUES(27,1,180);
INSERT INTO "auth_group_permissions" VALUES(28,1,56);
INSERT INTO "auth_group_permissions" VALUES(29,1,184);
INSERT INTO "auth_group_permissions" VALUES(30,1,60);
INSERT INTO "auth_group_permissions" VALUES(31,1,64);
INSERT INTO "auth_group_permissions" VALUES(32,1,68);
INSERT INTO "auth_group_permissions" VALUES(33,1,72);
INSERT INTO "auth_group_permissions" VALUES(34,1,76);
INSERT INTO "auth_group_permissions" VALUES(35,1,80);
INSERT INTO "auth_group_permissions" VALUES(36,1,84);
INSERT INTO "auth_group_permissions" VALUES(37,1,88);
INSERT INTO "auth_group_permissions" VALUES(38,1,92);
INSERT INTO "auth_group_permissions" VALUES(39,1,96);
INSERT INTO "auth_group_permissions" VALUES(40,1,100);
INSERT INTO "auth_group_permissions" VALUES(41,1,104);
INSERT INTO "auth_group_permissions" VALUES(42,1,108);
INSERT INTO "auth_group_permissions" VALUES(43,1,112);
INSERT INTO "auth_group_permissions" VALUES(44,1,116);
INSERT INTO "auth_group_permissions" VALUES(45,1,120);
INSERT INTO "auth_group_permissions" VALUES(46,1,124);
CREATE TABLE "auth_permission" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "content_type_id" integer NOT NULL REFERENCES "django_content_type" ("id") DEFERRABLE INITIALLY DEFERRED, "codename" varchar(100) NOT NULL, "name" varchar(255) NOT NULL);
INSERT INTO "auth_permission" VALUES(1,1,'add_logentry','Can add log entry');
INSERT INTO "auth_permission" VALUES(2,1,'change_logentry','Can change log entry');
INSERT INTO "auth_permission" VALUES(3,1,'delete_logentry','Can delete log entry');
INSERT INTO "auth_permission" VALUES(4,1,'view_logentry','Can view log entry');
INSERT INTO "auth_permission" VALUES(5,2,'add_permission','Can add permission');
INSERT INTO "auth_permission" VALUES(6,2,'change_permission','Can change permission');
INSERT INTO "auth_permission" VALUES(7,2,'delete_permission','Can delete permission');
INSERT INTO "auth_permission" VALUES(8,2,'view_permission','Can view permission');
INSERT INTO "auth_permission" VALUES(9,3,'add_group','Can add group');
INSERT INTO "auth_permission" VALUES(10,3,'change_group','Can change group');
INSERT INTO "auth_permission" VALUES(11,3,'delete_group','Can delete group');
INSERT INTO "auth_permission" VALUES(12,3,'view_group','Can view group');
INSERT INTO "auth_permission" VALUES(13,4,'add_contenttype','Can add content type');
INSERT INTO "auth_permission" VALUES(14,4,'change_contenttype','Can change content type');
INSERT INTO "auth_permission" VALUES(15,4,'delete_contenttype','Can delete content type');
INSERT INTO "auth_permission" VALUES(16,4,'view_contenttype','Can view content type');
INSERT INTO "auth_permission" VALUES(17,5,'add_crontabschedule','Can add crontab');
INSERT INTO "auth_permission" VALUES(18,5,'change_crontabschedule','Can change crontab');
INSERT INTO "auth_permission" VALUES(19,5,'delete_crontabschedule','Can delete crontab');
INSERT INTO "auth_permission" VALUES(20,5,'view_crontabschedule','Can view crontab');
INSERT INTO "auth_permission" VALUES(21,6,'add_intervalschedule','Can add interval');
INSERT INTO "auth_permission" VALUES(22,6,'change_intervalschedule','Can change interval');
INSERT INTO "auth_permission" VALUES(23,6,'delete_intervalschedule','Can delete interval');
INSERT INTO "auth_permission" VALUES(24,6,'view_intervalschedule','Can view interval');
INSERT INTO "auth_permission" VALUES(25,7,'add_periodictask','Can add periodic task');
INSERT INTO "auth_permission" VALUES(26,7,'change_periodictask','Can change periodic task');
INSERT INTO "auth_permission" VALUES(27,7,'delete_periodictask','Can delete periodic task');
INSERT INTO "auth_permission" VALUES(28,7,'view_periodictask','Can view periodic task');
INSERT INTO "auth_permission" VALUES(29,8,'add_periodictasks','Can add periodic task track');
INSERT INTO "auth_permission" VALUES(30,8,'change_periodictasks','Can change periodic task track');
INSERT INTO "auth_permission" VALUES(31,8,'delete_periodictasks','Can delete periodic task track');
INSERT INTO "auth_permission" VALUES(32,8,'view_periodictasks','Can view periodic task track');
INSERT INTO "auth_permission" VALUES(33,9,'add_solarschedule','Can add solar event');
INSERT INTO "auth_permission" VALUES(34,9,'change_solarschedule','Can change solar event');
INSERT INTO "auth_permission" VALUES(35,9,'delete_solarschedule','Can delete solar event');
INSERT INTO "auth_permission" VALUES(36,9,'view_solarschedule','Can view solar event');
INSERT INTO "auth_permission" VALUES(37,10,'add_clockedschedule','Can add clocked');
INSERT INTO "auth_permission" VALUES(38,10,'change_clockedschedule','Can change clocked');
INSERT INTO "auth_permission" VALUES(39,10,'delete_clockedschedule','Can delete clocked');
INSERT INTO "auth_permission" VALUES(40,10,'view_clockedschedule','Can view clocked');
INSERT INTO "auth_permission" VALUES(41,11,'add_emailaddress','Can add email address');
INSERT INTO "auth_permission" VALUES(42,11,'change_emailaddress','Can change email address');
INSERT INTO "auth_permission" VALUES(43,11,'delete_emailaddress','Can delete email address');
INSERT INTO "auth_permission" VALUES(44,11,'view_emailaddress','Can view email address');
INSERT INTO "auth_permission" VALUES(45,12,'add_emailconfirmation','Can add email confirmation');
INSERT INTO "auth_permission" VALUES(46,12,'change_emailconfirmation','Can change email confirmation');
INSERT INTO "auth_permission" VALUES(47,12,'delete_emailconfirmation','Can delete email confirmation');
INSERT INTO "auth_permission" VALUES(48,12,'view_emailconfirmation','Can view email confirmation');
INSERT INTO "auth_permission" VALUES(49,13,'add_authenticator','Can add authenticator');
INSERT INTO "auth_permission" VALUES(50,13,'change_authenticator','Can change authenticator');
INSERT INTO "auth_permission" VALUES(51,13,'delete_authenticator','Can delete authenticator');
INSERT INTO "auth_permission" VALUES(52,13,'view_authenticator','Can view authenticator');
INSERT INTO "auth_permission" VALUES(53,14,'add_socialaccount','Can add social account');
INSERT INTO "auth_permission" VALUES(54,14,'change_socialaccount','Can change social account');
INSERT INTO "auth_permission" VALUES(55,14,'delete_socialaccount','Can delete social account');
INSERT INTO "auth_permission" VALUES(56,14,'view_socialaccount','Can view social account');
INSERT INTO "auth_permission" VALUES(57,15,'add_socialapp','Can add social application');
INSERT INTO "auth_permission" VALUES(58,15,'change_socialapp','Can change social application');
INSERT INTO "auth_permission" VALUES(59,15,'delete_socialapp','Can delete social application');
INSERT INTO "auth_permission" VALUES(60,15,'view_socialapp','Can view social application');
INSERT INTO "auth_permission" VALUES(61,16,'add_socialtoken','Can add social application token');
INSERT INTO "auth_permission" VALUES(62,16,'change_socialtoken','Can change social application token');
INSERT INTO "auth_permission" VALUES(63,16,'delete_socialtoken','Can delete social application token');
INSERT INTO "auth_permission" VALUES(64,16,'view_socialtoken','Can view social application token');
INSERT INTO "auth_permission" VALUES(65,17,'add_factorsecret','Can add factor secret');
INSERT INTO "auth_permission" VALUES(66,17,'change_factorsecret','Can change factor secret');
INSERT INTO "auth_permission" VALUES(67,17,'delete_factorsecret','Can delete factor secret');
INSERT INTO "auth_permission" VALUES(68,17,'view_factorsecret','Can view factor secret');
INSERT INTO "auth_permission" VALUES(69,18,'add_user','Can add user');
INSERT INTO "auth_permission" VALUES(70,18,'change_user','Can change user');
INSERT INTO "auth_permission" VALUES(71,18,'delete_user','Can delete user');
INSERT INTO "auth_permission" VALUES(72,18,'view_user','Can view user');
INSERT INTO "auth_permission" VALUES(73,19,'add_session','Can add session');
INSERT INTO "auth_permission" VALUES(74,19,'change_session','Can change session');
INSERT INTO "auth_permission" VALUES(75,19,'delete_session','Can delete session');
INSERT INTO "auth_permission" VALUES(76,19,'view_session','Can view session');
INSERT INTO "auth_permission" VALUES(77,20,'add_auditevent','Can add audit event');
INSERT INTO "auth_permission" VALUES(78,20,'change_auditevent','Can change audit event');
INSERT INTO "auth_permission" VALUES(79,20,'delete_auditevent','Can delete audit event');
INSERT INTO "auth_permission" VALUES(80,20,'view_auditevent','Can view audit event');
INSERT INTO "auth_permission" VALUES(81,21,'add_idempotencykey','Can add idempotency key');
INSERT INTO "auth_permission" VALUES(82,21,'change_idempotencykey','Can change idempotency key');
INSERT INTO "auth_permission" VALUES(83,21,'delete_idempotencykey','Can delete idempotency key');
INSERT INTO "auth_permission" VALUES(84,21,'view_idempotencykey','Can view idempotency key');
INSERT INTO "auth_permission" VALUES(85,22,'add_letter','Can add letter');
INSERT INTO "auth_permission" VALUES(86,22,'change_letter','Can change letter');
INSERT INTO "auth_permission" VALUES(87,22,'delete_letter','Can delete letter');
INSERT INTO "auth_permission" VALUES(88,22,'view_letter','Can view letter');
INSERT INTO "auth_permission" VALUES(89,23,'add_notice','Can add notice');
INSERT INTO "auth_permission" VALUES(90,23,'change_notice','Can change notice');
INSERT INTO "auth_permission" VALUES(91,23,'delete_notice','Can delete notice');
INSERT INTO "auth_permission" VALUES(92,23,'view_notice','Can view notice');
INSERT INTO "auth_permission" VALUES(93,24,'add_personalaccesstoken','Can add personal access token');
INSERT INTO "auth_permission" VALUES(94,24,'change_personalaccesstoken','Can change personal access token');
INSERT INTO "auth_permission" VALUES(95,24,'delete_personalaccesstoken','Can delete personal access token');
INSERT INTO "auth_permission" VALUES(96,24,'view_personalaccesstoken','Can view personal access token');
INSERT INTO "auth_permission" VALUES(97,25,'add_site','Can add site');
INSERT INTO "auth_permission" VALUES(98,25,'change_site','Can change site');
INSERT INTO "auth_permission" VALUES(99,25,'delete_site','Can delete site');
INSERT INTO "auth_permission" VALUES(100,25,'view_site','Can view site');
INSERT INTO "auth_permission" VALUES(101,26,'add_connection','Can add connection');
INSERT INTO "auth_permission" VALUES(102,26,'change_connection','Can change connection');
INSERT INTO "auth_permission" VALUES(103,26,'delete_connection','Can delete connection');
INSERT INTO "auth_permission" VALUES(104,26,'view_connection','Can view connection');
INSERT INTO "auth_permission" VALUES(105,27,'add_retiredexperiment','Can add retired experiment');
INSERT INTO "auth_permission" VALUES(106,27,'change_retiredexperiment','Can change retired experiment');
INSERT INTO "auth_permission" VALUES(107,27,'delete_retiredexperiment','Can delete retired experiment');
INSERT INTO "auth_permission" VALUES(108,27,'view_retiredexperiment','Can view retired experiment');
INSERT INTO "auth_permission" VALUES(109,28,'add_groupmember','Can add group member');
INSERT INTO "auth_permission" VALUES(110,28,'change_groupmember','Can change group member');
INSERT INTO "auth_permission" VALUES(111,28,'delete_groupmember','Can delete group member');
INSERT INTO "auth_permission" VALUES(112,28,'view_groupmember','Can view group member');
INSERT INTO "auth_permission" VALUES(113,29,'add_label','Can add label');
INSERT INTO "auth_permission" VALUES(114,29,'change_label','Can change label');
INSERT INTO "auth_permission" VALUES(115,29,'delete_label','Can delete label');
INSERT INTO "auth_permission" VALUES(116,29,'view_label','Can view label');
INSERT INTO "auth_permission" VALUES(117,30,'add_membership','Can add membership');
INSERT INTO "auth_permission" VALUES(118,30,'change_membership','Can change membership');
INSERT INTO "auth_permission" VALUES(119,30,'delete_membership','Can delete membership');
INSERT INTO "auth_permission" VALUES(120,30,'view_membership','Can view membership');
INSERT INTO "auth_permission" VALUES(121,31,'add_project','Can add project');
INSERT INTO "auth_permission" VALUES(122,31,'change_project','Can change project');
INSERT INTO "auth_permission" VALUES(123,31,'delete_project','Can delete project');
INSERT INTO "auth_permission" VALUES(124,31,'view_project','Can view project');
INSERT INTO "auth_permission" VALUES(125,32,'add_invitation','Can add invitation');
INSERT INTO "auth_permission" VALUES(126,32,'change_invitation','Can change invitation');
INSERT INTO "auth_permission" VALUES(127,32,'delete_invitation','Can delete invitation');
INSERT INTO "auth_permission" VALUES(128,32,'view_invitation','Can view invitation');
INSERT INTO "auth_permission" VALUES(129,33,'add_formeraddress','Can add former address');
INSERT INTO "auth_permission" VALUES(130,33,'change_formeraddress','Can change former address');
INSERT INTO "auth_permission" VALUES(131,33,'delete_formeraddress','Can delete former address');
INSERT INTO "auth_permission" VALUES(132,33,'view_formeraddress','Can view former address');
INSERT INTO "auth_permission" VALUES(133,34,'add_experiment','Can add experiment');
INSERT INTO "auth_permission" VALUES(134,34,'change_experiment','Can change experiment');
INSERT INTO "auth_permission" VALUES(135,34,'delete_experiment','Can delete experiment');
INSERT INTO "auth_permission" VALUES(136,34,'view_experiment','Can view experiment');
INSERT INTO "auth_permission" VALUES(137,35,'add_coderepository','Can add code repository');
INSERT INTO "auth_permission" VALUES(138,35,'change_coderepository','Can change code repository');
INSERT INTO "auth_permission" VALUES(139,35,'delete_coderepository','Can delete code repository');
INSERT INTO "auth_permission" VALUES(140,35,'view_coderepository','Can view code repository');
INSERT INTO "auth_permission" VALUES(141,36,'add_usergroup','Can add group');
INSERT INTO "auth_permission" VALUES(142,36,'change_usergroup','Can change group');
INSERT INTO "auth_permission" VALUES(143,36,'delete_usergroup','Can delete group');
INSERT INTO "auth_permission" VALUES(144,36,'view_usergroup','Can view group');
INSERT INTO "auth_permission" VALUES(145,37,'add_groupmembership','Can add group membership');
INSERT INTO "auth_permission" VALUES(146,37,'change_groupmembership','Can change group membership');
INSERT INTO "auth_permission" VALUES(147,37,'delete_groupmembership','Can delete group membership');
INSERT INTO "auth_permission" VALUES(148,37,'view_groupmembership','Can view group membership');
INSERT INTO "auth_permission" VALUES(149,38,'add_retiredmodel','Can add retired model');
INSERT INTO "auth_permission" VALUES(150,38,'change_retiredmodel','Can change retired model');
INSERT INTO "auth_permission" VALUES(151,38,'delete_retiredmodel','Can delete retired model');
INSERT INTO "auth_permission" VALUES(152,38,'view_retiredmodel','Can view retired model');
INSERT INTO "auth_permission" VALUES(153,39,'add_run','Can add run');
INSERT INTO "auth_permission" VALUES(154,39,'change_run','Can change run');
INSERT INTO "auth_permission" VALUES(155,39,'delete_run','Can delete run');
INSERT INTO "auth_permission" VALUES(156,39,'view_run','Can view run');
INSERT INTO "auth_permission" VALUES(157,40,'add_registeredmodel','Can add registered model');
INSERT INTO "auth_permission" VALUES(158,40,'change_registeredmodel','Can change registered model');
INSERT INTO "auth_permission" VALUES(159,40,'delete_registeredmodel','Can delete registered model');
INSERT INTO "auth_permission" VALUES(160,40,'view_registeredmodel','Can view registered model');
INSERT INTO "auth_permission" VALUES(161,41,'add_runevent','Can add run event');
INSERT INTO "auth_permission" VALUES(162,41,'change_runevent','Can change run event');
INSERT INTO "auth_permission" VALUES(163,41,'delete_runevent','Can delete run event');
INSERT INTO "auth_permission" VALUES(164,41,'view_runevent','Can view run event');
INSERT INTO "auth_permission" VALUES(165,42,'add_runlogchunk','Can add run log chunk');
INSERT INTO "auth_permission" VALUES(166,42,'change_runlogchunk','Can change run log chunk');
INSERT INTO "auth_permission" VALUES(167,42,'delete_runlogchunk','Can delete run log chunk');
INSERT INTO "auth_permission" VALUES(168,42,'view_runlogchunk','Can view run log chunk');
INSERT INTO "auth_permission" VALUES(169,43,'add_modelaliaschange','Can add model alias change');
INSERT INTO "auth_permission" VALUES(170,43,'change_modelaliaschange','Can change model alias change');
INSERT INTO "auth_permission" VALUES(171,43,'delete_modelaliaschange','Can delete model alias change');
INSERT INTO "auth_permission" VALUES(172,43,'view_modelaliaschange','Can view model alias change');
INSERT INTO "auth_permission" VALUES(173,44,'add_modelalias','Can add model alias');
INSERT INTO "auth_permission" VALUES(174,44,'change_modelalias','Can change model alias');
INSERT INTO "auth_permission" VALUES(175,44,'delete_modelalias','Can delete model alias');
INSERT INTO "auth_permission" VALUES(176,44,'view_modelalias','Can view model alias');
INSERT INTO "auth_permission" VALUES(177,45,'add_schedule','Can add schedule');
INSERT INTO "auth_permission" VALUES(178,45,'change_schedule','Can change schedule');
INSERT INTO "auth_permission" VALUES(179,45,'delete_schedule','Can delete schedule');
INSERT INTO "auth_permission" VALUES(180,45,'view_schedule','Can view schedule');
INSERT INTO "auth_permission" VALUES(181,46,'add_slot','Can add slot');
INSERT INTO "auth_permission" VALUES(182,46,'change_slot','Can change slot');
INSERT INTO "auth_permission" VALUES(183,46,'delete_slot','Can delete slot');
INSERT INTO "auth_permission" VALUES(184,46,'view_slot','Can view slot');
CREATE TABLE "cache" (
    "cache_key" varchar(255) NOT NULL PRIMARY KEY,
    "value" text NOT NULL,
    "expires" datetime NOT NULL
);
CREATE TABLE "connections_connection" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "lease_token" char(32) NULL, "lease_until" datetime NULL, "uuid" char(32) NOT NULL UNIQUE, "kind" varchar(32) NOT NULL, "name" varchar(80) NOT NULL, "login_name" varchar(150) NOT NULL, "sealed_secret" text NOT NULL, "public_key" varchar(300) NOT NULL, "created_at" datetime NOT NULL, "secret_set_at" datetime NOT NULL, "expires_at" datetime NULL, "last_used_at" datetime NULL, "sealed_access" text NOT NULL, "access_expires_at" datetime NULL, "renew_at" datetime NULL, "renewed_at" datetime NULL, "renewal_error" text NOT NULL, "refusals" integer unsigned NOT NULL CHECK ("refusals" >= 0), "refused_since" datetime NULL, "refusal_message" text NOT NULL, "marked_bad_at" datetime NULL, "tested_at" datetime NULL, "test_outcome" varchar(12) NOT NULL, "test_message" text NOT NULL, "facts" text NOT NULL CHECK ((JSON_VALID("facts") OR "facts" IS NULL)), "queue_limits" text NOT NULL CHECK ((JSON_VALID("queue_limits") OR "queue_limits" IS NULL)), "owner_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "site_id" bigint NULL REFERENCES "connections_site" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "connection_site_fits_kind" CHECK ((("kind" IN ('unicore-key', 'unicore-oidc', 'unicore-password', 'unicore-token') AND "site_id" IS NOT NULL) OR ("kind" IN ('git-token', 'ssh-key') AND "site_id" IS NULL))), CONSTRAINT "connection_has_secret" CHECK (NOT ("sealed_secret" = '')));
INSERT INTO "connections_connection" VALUES(1,NULL,NULL,'b48f3d9f80b64d478e6877cdcc780673','ssh-key','surrogates key','','cfe8aa02:gAAAAABrCUaQL-3pfzdy2VAKIcDz8VVj8ePH7gf5c4pZBpViCanTRn6CCaHP2D3X9zmWHwtdI8o5P_0B9Jx1tvfvLbKJiyYnYMap60VhWeuN9jkYqZem6SvsmtWcWjWx7umigI2V3Fg3-984GPioLxIzQVGkLyN9S_uzyxsaai8Kajlqoo-zrGRMlyipmgKa_-5LedST-W_QbRYskd-Zq9V8_mliRhmdJMH4ficgGNlhIRr08_-59lH6HnU1_nrZQS_iEbZmp4jXKOziHW1_bO46-CIk8i08HDgPCivwzmZfiNyN-VSOhGIAtm-ZqR6TVXrsIhiycccbMj9H7d2ROTLiJOCh8Mwjcd3KA2zP5o9ASyb1gQXnyt550Wjygbbb6t7kJ306c72zXQiDo4ahSPPFjNH-SGaXifEQP7lm3uJ0STP3X5ck821UroZV5wSgu-1v1EYd3krLAByrIpNWd4G4CEd5PDZZRcluCJKxIHPQi8m7y-UF1-R3lhso8GBsFjzMVYo3EtL5csTvRILjZoZnmAjqU9iYHqJXeCQT_REQk_TZmYOwnL1hSdDp1iqTRX9WqQHKMEbq5zSL2mMMihP359BhAFI8l9InDukHWxqLPqi3dX_Q6nWqdRAec5m8s5y1Yztwreu3CXSduWrynzoDELKzfNBjT7Bs8BS_MRV9OJs0bZQGSB4i1M20qyC40yYwUBHergnpkHYerZzsb_W_VsdA5DTDIg==','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH3yLhaRldUh8AlkR4M6wk+mvv1q43AM5hn6N8f+2TZ3 mantik-researcher','2026-11-27 09:00:00','2026-11-27 09:00:00',NULL,NULL,'',NULL,NULL,NULL,'',0,NULL,'',NULL,NULL,'not-tested','','{}','{}',3,NULL);
INSERT INTO "connections_connection" VALUES(2,NULL,NULL,'512f185870394579af5a50fcc8f5b450','unicore-password','old-login','ada','cfe8aa02:gAAAAABrCUaQYUtH-LHu3sfZ40cX9EX19J83eowrHBbiIxY7P0_C1KDHZ55OF23LuIW6seV54_Oe5ElvfwWjT2yXUWYAv0epaW27bvLrmhe5tzy2SfVVUvx16pkQr1c0El6uI0Y9KOinoGXLTjvmMnMYj6ru7zZIS1S-cR3PMyTQ1bXunjcIeGGT-kf4wM3sWgdMsx93lbHGH4Aduv3wODiSTCZF3cETzw==','','2026-11-27 09:00:00','2026-11-27 09:00:00',NULL,NULL,'',NULL,NULL,NULL,'',5,'2026-11-27 06:00:00','','2026-11-27 07:00:00','2026-11-25 09:00:00','refused','127.0.0.1:9 does not accept the login of this connection. Replace its secret if it has changed; if it has not, the login service of the site may be down.','{}','{}',3,1);
INSERT INTO "connections_connection" VALUES(3,NULL,NULL,'829df59fb16a49de81b1a280cd86baf9','unicore-token','by-token','ada','cfe8aa02:gAAAAABrCUaQdVw3Q5H2AxXL2_Jy1f880ckHPebdnC3md95mc6I7ZyBRlznmPb0m_JSdSaY2PZiLKmn2zIyMDQ4_lmUIAkZnk5s2Ip66yNVlOILkt3i_7iVO2dIU1NvFiBsFKR68NEGN6dC73v_epZCQRKBwbUqnMT7UwgU3hD3aJAj3m7iltgbOvR09zjGK4MD4bywZOgzrEOQ-nzgnzvvP5hX-rw9hxQ==','','2026-11-27 09:00:00','2026-11-27 09:00:00','2026-12-21 09:00:00',NULL,'',NULL,'2026-12-06 09:00:00','2026-11-21 09:00:00','',0,NULL,'',NULL,'2026-11-27 08:48:00','works','The site knows you as okafor1. It takes no new jobs at the moment.','{"account": "okafor1", "role": "user", "groups": ["pv-yield", "users"], "queues": ["batch", "devel", "gpu"], "takes_jobs": false, "words": "Maintenance until 24 Nov, 08:00.", "budgets": []}','{}',3,1);
INSERT INTO "connections_connection" VALUES(4,NULL,NULL,'41737f2e73684eb79bd65187f0d766b1','unicore-key','by-key','ada','cfe8aa02:gAAAAABrCUaQO_RTzhDc8EsCwiWqo4GIrG5otsLz8Yc2kdGRQpNeKixsdc_VL0qPayxMIhohrwYVGNV5AJnj3iRzFG-N-zo3yRnx610ViIx9xNfPkB_pa3ufjPEGz2VSfmEdwvQpAfIyUDoR3VXftqBRJbgDtEWSHRRSZPVsds-e4eSYOAMW519updNtAQ8yHYHJ7Dw54DCGNUaQcY6i0cgY2itKl6LUNw==','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHq3vXo0uVx1m9nq0Yb4l5pN0mS3Qd8aS7m0n2c4e6g8 mantik-ada-2026-11-25','2026-11-27 09:00:00','2026-11-27 09:00:00',NULL,NULL,'',NULL,NULL,NULL,'',0,NULL,'',NULL,NULL,'not-tested','','{}','{}',3,1);
INSERT INTO "connections_connection" VALUES(5,NULL,NULL,'1e2ba37584174f368e5ee03cff343abe','git-token','gitlab','','cfe8aa02:gAAAAABrCUaQCoNYh4kofIjw1p5JrrgBGr5F9MiiHwU0NG3yIDLYBIVTHfvoqZQGIYYEMPHZfdSCm0K9IZJaairukv41J1Gzd35v6HVJyRX1QXjJfgBWERgcDy2ZsMIit-aRhzlA4CuhxVwVi2dSCAzEM8aUIa4b6v-xJACRYkPtAmHjUwlTO_VZ3Xe8HRvpTUW2H_PWzb04cXVV7eU6lXJVU5c9mLZK0Q==','','2026-11-27 09:00:00','2026-11-27 09:00:00','2026-12-06 09:00:00','2026-11-25 09:00:00','',NULL,NULL,NULL,'',0,NULL,'',NULL,NULL,'not-tested','','{}','{}',3,NULL);
INSERT INTO "connections_connection" VALUES(6,NULL,NULL,'7d0afea740214faa91a3a8e9d90c83b2','git-token','github-old','','cfe8aa02:gAAAAABrCUaQc1qBv0DY4tYpSte9h8qAht0sqvJCZApAMcDH8hHL2JgTzfAnHCKAEHYM5NFhqv3l88_PAVS5t_4tOmUxibT_Q9i0lTpbXY602X5M4gYf43p3lg2j5IlxKekkzmEkakTT0S_vjxe2fVVl0rJWVPaxKxm2uG01UhmI0ijwe7oIS5tZ11vwupcWgvGe9kysmh0du-PCNktp75PY_1X1bCto5g==','','2026-11-27 09:00:00','2026-11-27 09:00:00','2026-11-26 09:00:00','2026-11-25 09:00:00','',NULL,NULL,NULL,'',0,NULL,'',NULL,NULL,'not-tested','','{}','{}',3,NULL);
INSERT INTO "connections_connection" VALUES(7,NULL,NULL,'8230216d739942f1b1c90564913a706d','unicore-oidc','institute','','cfe8aa02:gAAAAABrCUaQClSH-jY8zg5WcISegGC_GZ7Y0Pl4H7xCURaUNgQypRYnq2AYdfzfSk4sw8YSscLY7MixpbRvcqZCX3muCkjiUyObYk9J8nKAq7I8D74ZGhyOB-fLRahvNJswtxPNK4Cez-P5u_f8S-Ps-FmuShRO1ZblMb_tladNQL5b0i1XzO9UgnIlHffVjXf-uCLhXC5C7MbElWNb8RVWVa_UEql7RQ==','','2026-11-27 09:00:00','2026-11-27 09:00:00','2026-12-02 09:00:00',NULL,'cfe8aa02:gAAAAABrCUaQZfNjb4VSD0yvs_yJDPT8mWmz2NoI7fUDRIWzViG44Vgvpw478mJbadeRZgY-WEWnj7s5wGj8Wfr7qTuGR95T7yb_9jzmwpSeozr_ulAjvRFNtN0zkxVwgs58PBnBbMxjFgh7J_3CKXUF4ZJM1ID8Er1Lk9_Og0IGSVimz_EWtPbMPxhXHCxSBVyxG2iBC4CcFhVhn67v53G9xC80KzgNSw==','2026-11-27 09:05:00','2026-11-27 08:00:00',NULL,'The login service login.example.org does not answer, so there is no access token for the site.',0,NULL,'',NULL,'2026-11-27 08:58:00','no-answer','The login service login.example.org does not answer, so there is no access token for the site.','{}','{}',3,2);
INSERT INTO "connections_connection" VALUES(8,NULL,NULL,'462eea600eb84f8ebccd5b203db39814','unicore-password','site-a','ada','cfe8aa02:gAAAAABrCUaQI8Dr-m0vk8BVICkw5nbwiX3xVYbL9L-01Rev3dYaE86i1lBuhDoUv80GQ6IbKBTz206sMBU2Ln1s4hD3JR9NzICHILL6bzEt4Uv4Fz5CLPOXfyyIZA4z0oY7Ly3sCgKOsdmpkmvYds_VeEAJOWTwyewtqvQyZMDMeTNUUfRwefq4AK1R1i_eQqHMHK5oMQuK8nKb8HH08-km9l0P3hF_Lw==','','2026-11-27 09:00:00','2026-11-27 09:00:00',NULL,'2026-11-27 08:56:00','',NULL,NULL,NULL,'',0,NULL,'',NULL,'2026-11-27 08:00:00','works','The site knows you as okafor1.','{"account": "okafor1", "role": "user", "groups": ["pv-yield", "users"], "queues": ["batch", "devel", "gpu"], "takes_jobs": true, "words": "", "budgets": [{"account": "acc_sol", "remaining": 124300, "unit": "core-h", "percent": 62}, {"account": "acc_wind", "remaining": 800, "unit": "core-h", "percent": 4}]}','{}',3,1);
INSERT INTO "connections_connection" VALUES(9,NULL,NULL,'4f4c65c0f5a144dbb57d98d7e17462bd','unicore-password','polar','noor','cfe8aa02:gAAAAABrCUaQrklMw8L8vDe2R49U1Z-A5LhodSKQHy2z7OUyl2bww0Wel8rQhDQFNWZ88Oekg4zgL1XiI7s2tSHd3VZfoVSujNg1gPL8A9N0H2dCg_ZyReZfam5TpyYrKylHHZsIhJ6V9YOWZmiLh_qxm9cvJ0jbJoWyq5W1Sd8pE6vwjNlfirfGf-slLRoFM2cjrQx9Qyr7tJSz19FHMgZHanu6_XHAfEcbhDjAS9-DUiB852pXxbE=','','2026-11-27 09:00:00','2026-11-27 09:00:00',NULL,NULL,'',NULL,NULL,NULL,'',0,NULL,'',NULL,NULL,'not-tested','','{}','{}',8,4);
CREATE TABLE "connections_site" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "name" varchar(80) NOT NULL, "base_url" varchar(300) NOT NULL, "ca_bundle" text NOT NULL, "notes" text NOT NULL, "is_offered" bool NOT NULL, "oidc_issuer" varchar(300) NOT NULL, "oidc_token_url" varchar(300) NOT NULL, "oidc_client_id" varchar(200) NOT NULL, "sealed_oidc_secret" text NOT NULL, "created_at" datetime NOT NULL, "added_by_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "connections_site" VALUES(1,'190b764f73d7435ea57dc25a735e3c5c','Site A','http://127.0.0.1:9/SITE/rest/core','','',1,'','','','','2026-11-27 09:00:00',NULL);
INSERT INTO "connections_site" VALUES(2,'5805fb021d6d484abdd864341592afd4','Site B','http://127.0.0.1:9/B/rest/core','','',1,'https://x','','mantik','cfe8aa02:gAAAAABrCUaQJGN1Bim90fcXLPI--7a3pYWW1PvaIODuTbqZ1jsJaRVI7zSSgYzoNQ8DRj6I1Ej-mfPhi8MOsKnvlfmwH4o2I0vE7ygIhu-gPMzjLWSpcZXiYGnuO3S19jR6pduZctTTDXwdlolEnIvy07egw6JY_yh-AtMzUYVIhdLclBko01FePMo-lQba6RVljKbdh28d6L6MAGOsWVf-_XAnmQQUuw==','2026-11-27 09:00:00',NULL);
INSERT INTO "connections_site" VALUES(3,'4e2eea4085c041bd999f4bea4e832858','Lab cluster','https://hpc11.example.org:8080/SITE/rest/core','','Behind the lab; ask Bo for an account.',1,'','','','','2026-11-27 09:00:00',3);
INSERT INTO "connections_site" VALUES(4,'8eaa3b7adf0445f2a134d59beeb2ea11','Polar cluster','http://127.0.0.1:9/POLAR/rest/core','','',1,'','','','','2026-11-27 09:00:00',NULL);
CREATE TABLE "django_admin_log" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "object_id" text NULL, "object_repr" varchar(200) NOT NULL, "action_flag" smallint unsigned NOT NULL CHECK ("action_flag" >= 0), "change_message" text NOT NULL, "content_type_id" integer NULL REFERENCES "django_content_type" ("id") DEFERRABLE INITIALLY DEFERRED, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "action_time" datetime NOT NULL);
INSERT INTO "django_admin_log" VALUES(1,'6','Sea ice',2,'',31,19,'2026-11-27 09:00:00');
CREATE TABLE "django_celery_beat_clockedschedule" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "clocked_time" datetime NOT NULL);
INSERT INTO "django_celery_beat_clockedschedule" VALUES(1,'2126-01-01 00:00:00');
CREATE TABLE "django_celery_beat_crontabschedule" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "minute" varchar(240) NOT NULL, "hour" varchar(96) NOT NULL, "day_of_week" varchar(64) NOT NULL, "day_of_month" varchar(124) NOT NULL, "month_of_year" varchar(64) NOT NULL, "timezone" varchar(63) NOT NULL);
INSERT INTO "django_celery_beat_crontabschedule" VALUES(1,'30','2','*','*','*','Europe/Berlin');
INSERT INTO "django_celery_beat_crontabschedule" VALUES(2,'*/15','9-17','1-5','*','*','America/Argentina/ComodRivadavia');
INSERT INTO "django_celery_beat_crontabschedule" VALUES(3,'0','1','*','1','*','UTC');
INSERT INTO "django_celery_beat_crontabschedule" VALUES(4,'0','2','1-5','*','*','Europe/Berlin');
INSERT INTO "django_celery_beat_crontabschedule" VALUES(5,'*/20','8-18','*','*','*','Europe/Berlin');
INSERT INTO "django_celery_beat_crontabschedule" VALUES(6,'30','6','*','*','*','Europe/Oslo');
INSERT INTO "django_celery_beat_crontabschedule" VALUES(7,'30','6','*','*','*','Europe/Oslo');
INSERT INTO "django_celery_beat_crontabschedule" VALUES(8,'30','6','*','*','*','Europe/Oslo');
CREATE TABLE "django_celery_beat_intervalschedule" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "every" integer NOT NULL, "period" varchar(24) NOT NULL);
INSERT INTO "django_celery_beat_intervalschedule" VALUES(1,5,'seconds');
INSERT INTO "django_celery_beat_intervalschedule" VALUES(2,2,'seconds');
INSERT INTO "django_celery_beat_intervalschedule" VALUES(3,10,'seconds');
INSERT INTO "django_celery_beat_intervalschedule" VALUES(4,60,'seconds');
INSERT INTO "django_celery_beat_intervalschedule" VALUES(5,3600,'seconds');
INSERT INTO "django_celery_beat_intervalschedule" VALUES(6,20,'seconds');
INSERT INTO "django_celery_beat_intervalschedule" VALUES(7,300,'seconds');
INSERT INTO "django_celery_beat_intervalschedule" VALUES(8,1800,'seconds');
INSERT INTO "django_celery_beat_intervalschedule" VALUES(9,30,'seconds');
CREATE TABLE "django_celery_beat_periodictask" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(200) NOT NULL UNIQUE, "task" varchar(200) NOT NULL, "args" text NOT NULL, "kwargs" text NOT NULL, "queue" varchar(200) NULL, "exchange" varchar(200) NULL, "routing_key" varchar(200) NULL, "expires" datetime NULL, "enabled" bool NOT NULL, "last_run_at" datetime NULL, "total_run_count" integer unsigned NOT NULL CHECK ("total_run_count" >= 0), "date_changed" datetime NOT NULL, "description" text NOT NULL, "crontab_id" integer NULL REFERENCES "django_celery_beat_crontabschedule" ("id") DEFERRABLE INITIALLY DEFERRED, "interval_id" integer NULL REFERENCES "django_celery_beat_intervalschedule" ("id") DEFERRABLE INITIALLY DEFERRED, "solar_id" integer NULL REFERENCES "django_celery_beat_solarschedule" ("id") DEFERRABLE INITIALLY DEFERRED, "one_off" bool NOT NULL, "start_time" datetime NULL, "priority" integer unsigned NULL CHECK ("priority" >= 0), "headers" text NOT NULL, "clocked_id" integer NULL REFERENCES "django_celery_beat_clockedschedule" ("id") DEFERRABLE INITIALLY DEFERRED, "expire_seconds" integer unsigned NULL CHECK ("expire_seconds" >= 0));
INSERT INTO "django_celery_beat_periodictask" VALUES(1,'nightly (ebfea7f0-9e4c-4d06-9f50-5e76f586e5ea)','schedules.tasks.fire_schedule','[]','{"schedule_uuid": "ebfea7f0-9e4c-4d06-9f50-5e76f586e5ea"}',NULL,NULL,NULL,'2027-09-23 22:00:00',1,NULL,0,'2026-11-27 09:00:00','Kept by Mantik. Switched off here, the schedule is paused; everything else is changed in its project.',1,NULL,NULL,0,NULL,NULL,'{}',NULL,NULL);
INSERT INTO "django_celery_beat_periodictask" VALUES(2,'every weekday in the working hours of the northern plant (68d00865-bbeb-4f65-b5ad-7133a0758c59)','schedules.tasks.fire_schedule','[]','{"schedule_uuid": "68d00865-bbeb-4f65-b5ad-7133a0758c59"}',NULL,NULL,NULL,NULL,0,NULL,0,'2026-11-27 09:00:00','Kept by Mantik. Switched off here, the schedule is paused; everything else is changed in its project.',2,NULL,NULL,0,NULL,NULL,'{}',NULL,NULL);
INSERT INTO "django_celery_beat_periodictask" VALUES(3,'warm-up (47e586b1-a81f-46c3-b2de-dfe1e15f8cbd)','schedules.tasks.fire_schedule','[]','{"schedule_uuid": "47e586b1-a81f-46c3-b2de-dfe1e15f8cbd"}',NULL,NULL,NULL,NULL,0,NULL,0,'2026-11-27 09:00:00','Kept by Mantik. Switched off here, the schedule is paused; everything else is changed in its project.',3,NULL,NULL,0,NULL,NULL,'{}',NULL,NULL);
INSERT INTO "django_celery_beat_periodictask" VALUES(4,'sweep of learning rates (6b1e649c-185b-49d7-b2a8-1f19f60e80cb)','schedules.tasks.fire_schedule','[]','{"schedule_uuid": "6b1e649c-185b-49d7-b2a8-1f19f60e80cb"}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','Kept by Mantik. Switched off here, the schedule is paused; everything else is changed in its project.',4,NULL,NULL,0,NULL,NULL,'{}',NULL,NULL);
INSERT INTO "django_celery_beat_periodictask" VALUES(5,'check of the inverter data (51741831-337a-4467-9107-b0a098c80c05)','schedules.tasks.fire_schedule','[]','{"schedule_uuid": "51741831-337a-4467-9107-b0a098c80c05"}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','Kept by Mantik. Switched off here, the schedule is paused; everything else is changed in its project.',5,NULL,NULL,0,NULL,NULL,'{}',NULL,NULL);
INSERT INTO "django_celery_beat_periodictask" VALUES(6,'each morning (dafde6a4-ebf8-4ea2-8976-e984d27a4d58)','schedules.tasks.fire_schedule','[]','{"schedule_uuid": "dafde6a4-ebf8-4ea2-8976-e984d27a4d58"}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','Kept by Mantik. Switched off here, the schedule is paused; everything else is changed in its project.',6,NULL,NULL,0,NULL,NULL,'{}',NULL,NULL);
INSERT INTO "django_celery_beat_periodictask" VALUES(7,'with the newest code (fbd7e636-8cec-4d94-98eb-dbfb2fc7b2d6)','schedules.tasks.fire_schedule','[]','{"schedule_uuid": "fbd7e636-8cec-4d94-98eb-dbfb2fc7b2d6"}',NULL,NULL,NULL,'2126-01-01 23:00:00',1,NULL,0,'2026-11-27 09:00:00','Kept by Mantik. Switched off here, the schedule is paused; everything else is changed in its project.',7,NULL,NULL,0,NULL,NULL,'{}',NULL,NULL);
INSERT INTO "django_celery_beat_periodictask" VALUES(8,'beside each other (a5a05f36-97b0-47c1-85c4-a74cb4957653)','schedules.tasks.fire_schedule','[]','{"schedule_uuid": "a5a05f36-97b0-47c1-85c4-a74cb4957653"}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','Kept by Mantik. Switched off here, the schedule is paused; everything else is changed in its project.',8,NULL,NULL,0,NULL,NULL,'{}',NULL,NULL);
INSERT INTO "django_celery_beat_periodictask" VALUES(9,'Sweep submissions','runs.tasks.sweep_submissions','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,1,NULL,0,NULL,NULL,'{}',NULL,5);
INSERT INTO "django_celery_beat_periodictask" VALUES(10,'Sweep jobs','runs.tasks.sweep_following','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,2,NULL,0,NULL,NULL,'{}',NULL,2);
INSERT INTO "django_celery_beat_periodictask" VALUES(11,'Sweep models','runs.tasks.sweep_models','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,3,NULL,0,NULL,NULL,'{}',NULL,10);
INSERT INTO "django_celery_beat_periodictask" VALUES(12,'Sweep letters','mantik.notices.tasks.sweep_letters','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,4,NULL,0,NULL,NULL,'{}',NULL,60);
INSERT INTO "django_celery_beat_periodictask" VALUES(13,'Sweep sessions','mantik.accounts.tasks.sweep_sessions','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,5,NULL,0,NULL,NULL,'{}',NULL,3600);
INSERT INTO "django_celery_beat_periodictask" VALUES(14,'Sweep keys of requests','mantik.idempotency.tasks.sweep_keys','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,5,NULL,0,NULL,NULL,'{}',NULL,3600);
INSERT INTO "django_celery_beat_periodictask" VALUES(15,'Sweep fetches of code','projects.tasks.sweep_fetches','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,6,NULL,0,NULL,NULL,'{}',NULL,20);
INSERT INTO "django_celery_beat_periodictask" VALUES(16,'Clear up mirrors','projects.tasks.clear_up_mirrors','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,7,NULL,0,NULL,NULL,'{}',NULL,300);
INSERT INTO "django_celery_beat_periodictask" VALUES(17,'Sweep experiments','projects.tasks.sweep_experiments','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,4,NULL,0,NULL,NULL,'{}',NULL,60);
INSERT INTO "django_celery_beat_periodictask" VALUES(18,'Sweep renewals of tokens','connections.tasks.sweep_renewals','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,7,NULL,0,NULL,NULL,'{}',NULL,300);
INSERT INTO "django_celery_beat_periodictask" VALUES(19,'Sweep ends of secrets','connections.tasks.sweep_ends','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,5,NULL,0,NULL,NULL,'{}',NULL,3600);
INSERT INTO "django_celery_beat_periodictask" VALUES(20,'Sweep refused logins','connections.tasks.sweep_refused','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,8,NULL,0,NULL,NULL,'{}',NULL,1800);
INSERT INTO "django_celery_beat_periodictask" VALUES(21,'Sweep ends of scheduled runs','schedules.tasks.sweep_ends','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,9,NULL,0,NULL,NULL,'{}',NULL,30);
INSERT INTO "django_celery_beat_periodictask" VALUES(22,'Sweep switches of schedules','schedules.tasks.sweep_switches','[]','{}',NULL,NULL,NULL,NULL,1,NULL,0,'2026-11-27 09:00:00','',NULL,7,NULL,0,NULL,NULL,'{}',NULL,300);
CREATE TABLE "django_celery_beat_periodictasks" ("ident" smallint NOT NULL PRIMARY KEY, "last_update" datetime NOT NULL);
INSERT INTO "django_celery_beat_periodictasks" VALUES(1,'2026-11-27 09:00:00');
CREATE TABLE "django_celery_beat_solarschedule" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "event" varchar(24) NOT NULL, "latitude" decimal NOT NULL, "longitude" decimal NOT NULL);
INSERT INTO "django_celery_beat_solarschedule" VALUES(1,'sunrise',78,15);
CREATE TABLE "django_content_type" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app_label" varchar(100) NOT NULL, "model" varchar(100) NOT NULL);
INSERT INTO "django_content_type" VALUES(1,'admin','logentry');
INSERT INTO "django_content_type" VALUES(2,'auth','permission');
INSERT INTO "django_content_type" VALUES(3,'auth','group');
INSERT INTO "django_content_type" VALUES(4,'contenttypes','contenttype');
INSERT INTO "django_content_type" VALUES(5,'django_celery_beat','crontabschedule');
INSERT INTO "django_content_type" VALUES(6,'django_celery_beat','intervalschedule');
INSERT INTO "django_content_type" VALUES(7,'django_celery_beat','periodictask');
INSERT INTO "django_content_type" VALUES(8,'django_celery_beat','periodictasks');
INSERT INTO "django_content_type" VALUES(9,'django_celery_beat','solarschedule');
INSERT INTO "django_content_type" VALUES(10,'django_celery_beat','clockedschedule');
INSERT INTO "django_content_type" VALUES(11,'account','emailaddress');
INSERT INTO "django_content_type" VALUES(12,'account','emailconfirmation');
INSERT INTO "django_content_type" VALUES(13,'mfa','authenticator');
INSERT INTO "django_content_type" VALUES(14,'socialaccount','socialaccount');
INSERT INTO "django_content_type" VALUES(15,'socialaccount','socialapp');
INSERT INTO "django_content_type" VALUES(16,'socialaccount','socialtoken');
INSERT INTO "django_content_type" VALUES(17,'accounts','factorsecret');
INSERT INTO "django_content_type" VALUES(18,'accounts','user');
INSERT INTO "django_content_type" VALUES(19,'accounts','session');
INSERT INTO "django_content_type" VALUES(20,'audit','auditevent');
INSERT INTO "django_content_type" VALUES(21,'idempotency','idempotencykey');
INSERT INTO "django_content_type" VALUES(22,'notices','letter');
INSERT INTO "django_content_type" VALUES(23,'notices','notice');
INSERT INTO "django_content_type" VALUES(24,'tokens','personalaccesstoken');
INSERT INTO "django_content_type" VALUES(25,'connections','site');
INSERT INTO "django_content_type" VALUES(26,'connections','connection');
INSERT INTO "django_content_type" VALUES(27,'projects','retiredexperiment');
INSERT INTO "django_content_type" VALUES(28,'projects','groupmember');
INSERT INTO "django_content_type" VALUES(29,'projects','label');
INSERT INTO "django_content_type" VALUES(30,'projects','membership');
INSERT INTO "django_content_type" VALUES(31,'projects','project');
INSERT INTO "django_content_type" VALUES(32,'projects','invitation');
INSERT INTO "django_content_type" VALUES(33,'projects','formeraddress');
INSERT INTO "django_content_type" VALUES(34,'projects','experiment');
INSERT INTO "django_content_type" VALUES(35,'projects','coderepository');
INSERT INTO "django_content_type" VALUES(36,'projects','usergroup');
INSERT INTO "django_content_type" VALUES(37,'projects','groupmembership');
INSERT INTO "django_content_type" VALUES(38,'runs','retiredmodel');
INSERT INTO "django_content_type" VALUES(39,'runs','run');
INSERT INTO "django_content_type" VALUES(40,'runs','registeredmodel');
INSERT INTO "django_content_type" VALUES(41,'runs','runevent');
INSERT INTO "django_content_type" VALUES(42,'runs','runlogchunk');
INSERT INTO "django_content_type" VALUES(43,'runs','modelaliaschange');
INSERT INTO "django_content_type" VALUES(44,'runs','modelalias');
INSERT INTO "django_content_type" VALUES(45,'schedules','schedule');
INSERT INTO "django_content_type" VALUES(46,'schedules','slot');
CREATE TABLE "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL);
INSERT INTO "django_migrations" VALUES(1,'contenttypes','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(2,'contenttypes','0002_remove_content_type_name','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(3,'auth','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(4,'auth','0002_alter_permission_name_max_length','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(5,'auth','0003_alter_user_email_max_length','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(6,'auth','0004_alter_user_username_opts','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(7,'auth','0005_alter_user_last_login_null','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(8,'auth','0006_require_contenttypes_0002','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(9,'auth','0007_alter_validators_add_error_messages','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(10,'auth','0008_alter_user_username_max_length','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(11,'auth','0009_alter_user_last_name_max_length','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(12,'auth','0010_alter_group_name_max_length','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(13,'auth','0011_update_proxy_permissions','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(14,'auth','0012_alter_user_first_name_max_length','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(15,'accounts','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(16,'account','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(17,'account','0002_email_max_length','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(18,'account','0003_alter_emailaddress_create_unique_verified_email','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(19,'account','0004_alter_emailaddress_drop_unique_email','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(20,'account','0005_emailaddress_idx_upper_email','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(21,'account','0006_emailaddress_lower','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(22,'account','0007_emailaddress_idx_email','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(23,'account','0008_emailaddress_unique_primary_email_fixup','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(24,'account','0009_emailaddress_unique_primary_email','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(25,'admin','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(26,'admin','0002_logentry_remove_auto_add','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(27,'admin','0003_logentry_add_action_flag_choices','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(28,'audit','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(29,'connections','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(30,'django_celery_beat','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(31,'django_celery_beat','0002_auto_20161118_0346','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(32,'django_celery_beat','0003_auto_20161209_0049','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(33,'django_celery_beat','0004_auto_20170221_0000','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(34,'django_celery_beat','0005_add_solarschedule_events_choices','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(35,'django_celery_beat','0006_auto_20180322_0932','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(36,'django_celery_beat','0007_auto_20180521_0826','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(37,'django_celery_beat','0008_auto_20180914_1922','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(38,'django_celery_beat','0006_auto_20180210_1226','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(39,'django_celery_beat','0006_periodictask_priority','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(40,'django_celery_beat','0009_periodictask_headers','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(41,'django_celery_beat','0010_auto_20190429_0326','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(42,'django_celery_beat','0011_auto_20190508_0153','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(43,'django_celery_beat','0012_periodictask_expire_seconds','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(44,'django_celery_beat','0013_auto_20200609_0727','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(45,'django_celery_beat','0014_remove_clockedschedule_enabled','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(46,'django_celery_beat','0015_edit_solarschedule_events_choices','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(47,'django_celery_beat','0016_alter_crontabschedule_timezone','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(48,'django_celery_beat','0017_alter_crontabschedule_month_of_year','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(49,'django_celery_beat','0018_improve_crontab_helptext','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(50,'django_celery_beat','0019_alter_periodictasks_options','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(51,'idempotency','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(52,'mfa','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(53,'mfa','0002_authenticator_timestamps','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(54,'mfa','0003_authenticator_type_uniq','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(55,'notices','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(56,'projects','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(57,'runs','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(58,'schedules','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(59,'socialaccount','0001_initial','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(60,'socialaccount','0002_token_max_lengths','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(61,'socialaccount','0003_extra_data_default_dict','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(62,'socialaccount','0004_app_provider_id_settings','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(63,'socialaccount','0005_socialtoken_nullable_app','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(64,'socialaccount','0006_alter_socialaccount_extra_data','2026-11-27 09:00:00');
INSERT INTO "django_migrations" VALUES(65,'tokens','0001_initial','2026-11-27 09:00:00');
CREATE TABLE "idempotency_idempotencykey" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "kind" varchar(60) NOT NULL, "digest" varchar(64) NOT NULL, "answer" text NOT NULL, "created_at" datetime NOT NULL, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "idempotency_idempotencykey" VALUES(1,'run.added 6','8115fb4b409543bbf0ef8d9b9f9ebe6fc741703f2d2d5856f8417b1bff114b9f','14','2026-11-27 09:00:00',8);
INSERT INTO "idempotency_idempotencykey" VALUES(2,'run.added 6','2a11eb76a2b7cd6f3a170999206afe613b8aa1e54b0737fe54d630db862c082a','15','2026-11-27 09:00:00',8);
CREATE TABLE "mfa_authenticator" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "type" varchar(20) NOT NULL, "data" text NOT NULL CHECK ((JSON_VALID("data") OR "data" IS NULL)), "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "created_at" datetime NOT NULL, "last_used_at" datetime NULL);
INSERT INTO "mfa_authenticator" VALUES(1,'totp','{"secret": "8ef82081-b172-4fe4-8051-e49c87082b43"}',9,'2026-11-27 09:00:00',NULL);
INSERT INTO "mfa_authenticator" VALUES(2,'recovery_codes','{"seed": "40579d2a-061d-438d-a625-7c34a8b18728", "used_mask": 0}',9,'2026-11-27 09:00:00',NULL);
INSERT INTO "mfa_authenticator" VALUES(3,'webauthn','{"name": "blue key", "credential": {"id": "6w5Hdv4fho319QxgANE40-7y-lYGqmFuA6-4RmhLImU", "rawId": "6w5Hdv4fho319QxgANE40-7y-lYGqmFuA6-4RmhLImU", "type": "public-key", "response": {"attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikSZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NFAAAAAQECAwQFBgcIAQIDBAUGBwgAIOsOR3b-H4aN9fUMYADRONPu8vpWBqphbgOvuEZoSyJlpQECAyYgASFYIIkaSc8cd4DzBbNdDesXEisjbunisd1XVS6SAhSlNaYeIlgg_XPHuyTjjHP8TyWY6g5-2kZYlWtoCYNOhtFLx_VLN_o", "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiUVQ5N3RkZVNTX05oRk5QaFRsd1kxLWZzYVZVNUJyYTkwS2JUa1RwbHRXYyIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6NTE2MDkiLCJjcm9zc09yaWdpbiI6ZmFsc2V9"}, "clientExtensionResults": {"credProps": {"rk": true}}}}',9,'2026-11-27 09:00:00',NULL);
CREATE TABLE "notices_letter" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "lease_token" char(32) NULL, "lease_until" datetime NULL, "uuid" char(32) NOT NULL UNIQUE, "address" varchar(254) NOT NULL, "subject" varchar(200) NOT NULL, "text" text NOT NULL, "created_at" datetime NOT NULL, "next_attempt_at" datetime NOT NULL, "attempts" integer unsigned NOT NULL CHECK ("attempts" >= 0), "error" varchar(200) NOT NULL);
INSERT INTO "notices_letter" VALUES(1,NULL,NULL,'df21155096be4410b78eb95901017c71','owner@example.org','researcher added you to the group Field team of the northern plant','researcher added you to the group Field team of the northern plant. You may do in projects what the group may.

https://mantik.example.org/settings/groups/c9ac04c8-6332-461c-9dca-431b850f0c16/

-- 
Mantik sends this because of what happens in your projects and with your credentials.
','2026-11-27 09:00:00','2026-11-27 09:00:00',2,'TimeoutError: timed out');
INSERT INTO "notices_letter" VALUES(2,NULL,NULL,'49d287b94a824effa301b9d9a328c8b0','reporter@example.org','researcher added you to the group Field team of the northern plant','researcher added you to the group Field team of the northern plant. You may do in projects what the group may.

https://mantik.example.org/settings/groups/c9ac04c8-6332-461c-9dca-431b850f0c16/

-- 
Mantik sends this because of what happens in your projects and with your credentials.
','2026-11-27 09:00:00','2026-11-27 09:00:00',0,'');
INSERT INTO "notices_letter" VALUES(3,NULL,NULL,'86b3e121dbe5445c9c0fcfdde013c6ff','ines@example.org','researcher added you to the group Field team of the northern plant','researcher added you to the group Field team of the northern plant. You may do in projects what the group may.

https://mantik.example.org/settings/groups/c9ac04c8-6332-461c-9dca-431b850f0c16/

-- 
Mantik sends this because of what happens in your projects and with your credentials.
','2026-11-27 09:00:00','2026-11-27 09:00:00',0,'');
INSERT INTO "notices_letter" VALUES(4,NULL,NULL,'0e94d15b448e48e78122dbd8ecd20671','researcher@example.org','The connection gitlab expires on 9 Dec 2026','The connection gitlab expires on 9 Dec 2026.

https://mantik.example.org/settings/connections/

-- 
Mantik sends this because of what happens in your projects and with your credentials.
','2026-11-27 09:00:00','2026-11-27 09:00:00',0,'');
INSERT INTO "notices_letter" VALUES(5,NULL,NULL,'0832c09c21f545f2ad2c0f5041b3631b','researcher@example.org','Site A has refused the login of old-login three times','Site A has refused the login of old-login three times. Runs wait for it. Replace its secret.

https://mantik.example.org/settings/connections/

-- 
Mantik sends this because of what happens in your projects and with your credentials.
','2026-11-27 09:00:00','2026-11-27 09:00:00',0,'');
INSERT INTO "notices_letter" VALUES(6,NULL,NULL,'5b0a1c9532ce432f88019e097aa9d6a6','noor@example.org','It''s "50 %" of C:\ice; -- -- naïve → 氷 NULL','It''s "50 %" of C:\ice; --
-- naïve → 氷
	NULL

https://mantik.example.org/projects/

-- 
Mantik sends this because of what happens in your projects and with your credentials.
','2026-11-27 09:00:00','2026-11-27 09:00:00',0,'');
CREATE TABLE "notices_notice" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "text" text NOT NULL, "url" varchar(300) NOT NULL, "key" varchar(200) NOT NULL, "created_at" datetime NOT NULL, "read_at" datetime NULL, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "notices_notice" VALUES(1,'1016bb64185f478cb9f9f94bfc9fc08f','researcher added you to the group Field team of the northern plant. You may do in projects what the group may.','/settings/groups/c9ac04c8-6332-461c-9dca-431b850f0c16/','','2026-11-27 09:00:00',NULL,5);
INSERT INTO "notices_notice" VALUES(2,'348354d1156a4c6eb6cf2d0bb77814f5','researcher added you to the group Field team of the northern plant. You may do in projects what the group may.','/settings/groups/c9ac04c8-6332-461c-9dca-431b850f0c16/','','2026-11-27 09:00:00',NULL,2);
INSERT INTO "notices_notice" VALUES(3,'c15cd317885d422cbfdab5351cde377b','researcher added you to the group Field team of the northern plant. You may do in projects what the group may.','/settings/groups/c9ac04c8-6332-461c-9dca-431b850f0c16/','','2026-11-27 09:00:00',NULL,6);
INSERT INTO "notices_notice" VALUES(4,'42c0ad104df24138a7d8efa23fc0e58a','The connection gitlab expires on 9 Dec 2026.','/settings/connections/','','2026-11-27 09:00:00','2026-11-27 09:00:00',3);
INSERT INTO "notices_notice" VALUES(5,'a9670530b3c1430c934e0af5561882a1','Site A has refused the login of old-login three times. Runs wait for it. Replace its secret.','/settings/connections/','','2026-11-27 09:00:00',NULL,3);
INSERT INTO "notices_notice" VALUES(6,'a8662e87065e49148e92f92aa036ab72','It''s "50 %" of C:\ice; --
-- naïve → 氷
	NULL','/projects/','odd','2026-11-27 09:00:00',NULL,8);
INSERT INTO "notices_notice" VALUES(7,'8499064363964707bf8866568398b494','You have read this.','','','2026-11-27 09:00:00','2026-11-27 09:00:00',8);
CREATE TABLE "projects_coderepository" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "name" varchar(80) NOT NULL, "url" varchar(400) NOT NULL, "platform" varchar(16) NOT NULL, "created_at" datetime NOT NULL, "fetch_requested_at" datetime NULL, "fetched_at" datetime NULL, "fetch_failed_at" datetime NULL, "fetch_error" text NOT NULL, "branch_count" integer unsigned NULL CHECK ("branch_count" >= 0), "default_branch" varchar(250) NOT NULL, "head_sha" varchar(64) NOT NULL, "head_subject" varchar(200) NOT NULL, "head_author" varchar(120) NOT NULL, "head_committed_at" datetime NULL, "mirror_bytes" bigint unsigned NULL CHECK ("mirror_bytes" >= 0), "host_key" varchar(1500) NOT NULL, "offered_host_key" varchar(1500) NOT NULL, "connection_id" bigint NULL REFERENCES "connections_connection" ("id") DEFERRABLE INITIALLY DEFERRED, "created_by_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "projects_coderepository" VALUES(1,'c0de0000000040008000000000000001','pv-yield','https://git.example.org/group/pv-yield.git','other','2026-11-27 09:00:00',NULL,'2026-11-27 08:57:00',NULL,'',2,'main','bb722d140530fb724e34888a865ff6652a47ec95','Tune warm-up','',NULL,2622,'','',NULL,5,1);
INSERT INTO "projects_coderepository" VALUES(2,'c0de0000000040008000000000000002','unfinished','https://git.example.org/group/broken.git','other','2026-11-27 09:00:00',NULL,'2026-11-27 08:57:00',NULL,'',1,'main','b40e8783a0e299a711a4da8fe6534b78873c43e2','Begin','',NULL,1617,'','',NULL,5,1);
INSERT INTO "projects_coderepository" VALUES(3,'4e59bfcdf3d1456e8ccd605b16b07663','weather-private','https://git.example.org/group/code-6.git','other','2026-11-27 09:00:00',NULL,NULL,NULL,'git.example.org asks for a login. Choose a connection with a token that may read it.',NULL,'','','','',NULL,NULL,'','',NULL,3,1);
INSERT INTO "projects_coderepository" VALUES(4,'ec0835d0b7e4484a85c59aa9723f2847','surrogates','git@github.com:solar-cells-group/surrogate-models.git','github','2026-11-27 09:00:00',NULL,'2026-11-25 09:00:00','2026-11-27 08:56:00','github.com shows another key than before: SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8, and not SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU. Nothing was sent to it, for it may be another machine. Ask those who run it; if the key is theirs, accept it here.',12,'main','5b1e0f7a9c3d2e4f60718293a4b5c6d7e8f90123','Interpolate the irradiance between stations instead of taking the nearest one','Ada','2026-11-22 09:00:00',48400000,'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf',1,3,1);
INSERT INTO "projects_coderepository" VALUES(5,'d07654b4327d4f62907905ecac53a828','ice-cover','https://git.example.org/group/ice-cover.git','other','2026-11-27 09:00:00',NULL,'2026-11-27 08:57:00',NULL,'',1,'main','67217260c000d82a2a1017d9baba735198b0cc8f','Count the ice','',NULL,1843,'','',NULL,8,6);
INSERT INTO "projects_coderepository" VALUES(6,'d9703a97ee7b46f4b4c4e267100f6330','on github','https://git.example.org/group/code-62.git','github','2026-11-27 09:00:00',NULL,NULL,NULL,'',NULL,'','','','',NULL,NULL,'','',NULL,8,6);
INSERT INTO "projects_coderepository" VALUES(7,'986ad80c4c26452ca5944a83d27d04e7','on gitlab','https://git.example.org/group/code-63.git','gitlab','2026-11-27 09:00:00',NULL,NULL,NULL,'',NULL,'','','','',NULL,NULL,'','',NULL,8,6);
INSERT INTO "projects_coderepository" VALUES(8,'db3855d5f11b4f34b723582a764a5308','on bitbucket','https://git.example.org/group/code-64.git','bitbucket','2026-11-27 09:00:00',NULL,NULL,NULL,'',NULL,'','','','',NULL,NULL,'','',NULL,8,6);
INSERT INTO "projects_coderepository" VALUES(9,'e320871c76b1404b8587cea15c965313','on other','https://git.example.org/group/code-65.git','other','2026-11-27 09:00:00',NULL,NULL,NULL,'',NULL,'','','','',NULL,NULL,'','',NULL,8,6);
CREATE TABLE "projects_experiment" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "name" varchar(80) NOT NULL, "description" varchar(200) NOT NULL, "mlflow_experiment_id" varchar(64) NOT NULL, "rename_due_at" datetime NULL, "created_at" datetime NOT NULL, "created_by_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "projects_experiment" VALUES(1,'f75cae156b70453686c56b41e1900427','baseline','ResNet on raw images','',NULL,'2026-11-27 09:00:00',3,1);
INSERT INTO "projects_experiment" VALUES(2,'f7ee965eeb4a46d1a4379ddf32b52ced','long-horizon','','',NULL,'2026-11-27 09:00:00',5,1);
INSERT INTO "projects_experiment" VALUES(3,'f0999b9d397241e487b8f299fab2a187','of never taken up','','',NULL,'2026-11-27 09:00:00',8,6);
INSERT INTO "projects_experiment" VALUES(4,'49cc3fb99c4643f497bb5bc6341c30f7','of sent without an answer','','',NULL,'2026-11-27 09:00:00',8,6);
CREATE TABLE "projects_formeraddress" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "slug" varchar(60) NOT NULL UNIQUE, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "projects_formeraddress" VALUES(1,'ice',6);
CREATE TABLE "projects_groupmember" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "is_admin" bool NOT NULL, "created_at" datetime NOT NULL, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "group_id" bigint NOT NULL REFERENCES "projects_usergroup" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "projects_groupmember" VALUES(1,1,'2026-11-27 09:00:00',3,1);
INSERT INTO "projects_groupmember" VALUES(2,1,'2026-11-27 09:00:00',5,1);
INSERT INTO "projects_groupmember" VALUES(3,0,'2026-11-27 09:00:00',2,1);
INSERT INTO "projects_groupmember" VALUES(4,0,'2026-11-27 09:00:00',6,1);
INSERT INTO "projects_groupmember" VALUES(5,1,'2026-11-27 09:00:00',12,2);
INSERT INTO "projects_groupmember" VALUES(6,0,'2026-11-27 09:00:00',11,2);
INSERT INTO "projects_groupmember" VALUES(7,1,'2026-11-27 09:00:00',14,3);
INSERT INTO "projects_groupmember" VALUES(8,0,'2026-11-27 09:00:00',13,3);
INSERT INTO "projects_groupmember" VALUES(9,1,'2026-11-27 09:00:00',16,4);
INSERT INTO "projects_groupmember" VALUES(10,0,'2026-11-27 09:00:00',15,4);
INSERT INTO "projects_groupmember" VALUES(11,1,'2026-11-27 09:00:00',18,5);
INSERT INTO "projects_groupmember" VALUES(12,0,'2026-11-27 09:00:00',17,5);
CREATE TABLE "projects_groupmembership" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "role" varchar(16) NOT NULL, "created_at" datetime NOT NULL, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "group_id" bigint NOT NULL REFERENCES "projects_usergroup" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "group_membership_role_known" CHECK ("role" IN ('guest', 'reporter', 'researcher', 'maintainer')));
INSERT INTO "projects_groupmembership" VALUES(1,'reporter','2026-11-27 09:00:00',1,1);
INSERT INTO "projects_groupmembership" VALUES(2,'guest','2026-11-27 09:00:00',6,2);
INSERT INTO "projects_groupmembership" VALUES(3,'reporter','2026-11-27 09:00:00',6,3);
INSERT INTO "projects_groupmembership" VALUES(4,'researcher','2026-11-27 09:00:00',6,4);
INSERT INTO "projects_groupmembership" VALUES(5,'maintainer','2026-11-27 09:00:00',6,5);
CREATE TABLE "projects_invitation" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "email" varchar(254) NOT NULL, "role" varchar(16) NOT NULL, "created_at" datetime NOT NULL, "expires_at" datetime NOT NULL, "state" varchar(16) NOT NULL, "closed_at" datetime NULL, "invited_by_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "user_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "invitation_for_somebody" CHECK (("user_id" IS NOT NULL OR NOT ("email" = ''))), CONSTRAINT "invitation_role_known" CHECK ("role" IN ('guest', 'reporter', 'researcher', 'maintainer', 'owner')), CONSTRAINT "invitation_state_known" CHECK ("state" IN ('open', 'accepted', 'declined', 'withdrawn', 'expired')), CONSTRAINT "invitation_closed_when_not_open" CHECK ((("closed_at" IS NULL AND "state" = 'open') OR (NOT ("state" = 'open') AND "closed_at" IS NOT NULL))));
INSERT INTO "projects_invitation" VALUES(1,'14354ee9dbcb44dfbab366033adc0f29','','researcher','2026-11-27 09:00:00','2026-12-11 09:00:00','open',NULL,5,7,1);
INSERT INTO "projects_invitation" VALUES(2,'3ea6d5a441fb4f8ab4e82c2c8fb1c837','nina.newcomer@example.org','researcher','2026-11-27 09:00:00','2026-12-11 09:00:00','open',NULL,5,NULL,1);
INSERT INTO "projects_invitation" VALUES(3,'e6bf8c3ade9d4f7aa99f9233a4b65006','','maintainer','2026-11-27 09:00:00','2026-12-11 09:00:00','open',NULL,5,3,3);
INSERT INTO "projects_invitation" VALUES(4,'b9acea92015b4ce89452f7bd34af1e1c','','researcher','2026-11-12 09:00:00','2026-11-26 09:00:00','open',NULL,NULL,3,4);
INSERT INTO "projects_invitation" VALUES(5,'09fc1a210b704363bfc81a3bf86a9518','','researcher','2026-11-27 09:00:00','2026-12-11 09:00:00','withdrawn','2026-11-27 06:00:00',NULL,3,5);
INSERT INTO "projects_invitation" VALUES(6,'67586a2d79504f46a5ad549ad0655849','guest@example.org','guest','2026-11-27 09:00:00','2026-12-11 09:00:00','open',NULL,NULL,NULL,6);
INSERT INTO "projects_invitation" VALUES(7,'8ca5d5dd5dc246be81ea899ec7603643','reporter@example.org','reporter','2026-11-27 09:00:00','2026-12-11 09:00:00','accepted','2026-11-27 09:00:00',NULL,NULL,6);
INSERT INTO "projects_invitation" VALUES(8,'b432dc7c7cae4778a7ecbfc62916a677','researcher@example.org','researcher','2026-11-27 09:00:00','2026-12-11 09:00:00','declined','2026-11-27 09:00:00',NULL,NULL,6);
INSERT INTO "projects_invitation" VALUES(9,'25c31d3b19b24cdbb394750712aba159','maintainer@example.org','maintainer','2026-11-27 09:00:00','2026-12-11 09:00:00','withdrawn','2026-11-27 09:00:00',NULL,NULL,6);
INSERT INTO "projects_invitation" VALUES(10,'24272b94c15b41828838c0635156d35c','owner@example.org','owner','2026-11-27 09:00:00','2026-12-11 09:00:00','expired','2026-11-27 09:00:00',NULL,NULL,6);
CREATE TABLE "projects_label" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(30) NOT NULL);
INSERT INTO "projects_label" VALUES(1,'solar');
INSERT INTO "projects_label" VALUES(2,'thin film');
INSERT INTO "projects_label" VALUES(3,'weather');
INSERT INTO "projects_label" VALUES(4,'time series');
CREATE TABLE "projects_membership" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "role" varchar(16) NOT NULL, "created_at" datetime NOT NULL, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "membership_role_known" CHECK ("role" IN ('guest', 'reporter', 'researcher', 'maintainer', 'owner')));
INSERT INTO "projects_membership" VALUES(1,'guest','2026-11-27 09:00:00',1,1);
INSERT INTO "projects_membership" VALUES(2,'reporter','2026-11-27 09:00:00',2,1);
INSERT INTO "projects_membership" VALUES(3,'researcher','2026-11-27 09:00:00',3,1);
INSERT INTO "projects_membership" VALUES(4,'maintainer','2026-11-27 09:00:00',4,1);
INSERT INTO "projects_membership" VALUES(5,'owner','2026-11-27 09:00:00',5,1);
INSERT INTO "projects_membership" VALUES(6,'owner','2026-11-27 09:00:00',3,2);
INSERT INTO "projects_membership" VALUES(7,'owner','2026-11-27 09:00:00',8,6);
CREATE TABLE "projects_project" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "slug" varchar(60) NOT NULL UNIQUE, "name" varchar(80) NOT NULL, "summary" varchar(200) NOT NULL, "description" text NOT NULL, "is_public" bool NOT NULL, "created_at" datetime NOT NULL);
INSERT INTO "projects_project" VALUES(1,'aade0bf439484970affa944fd2b48709','solar-cells','Solar cells','Yield of thin-film panels from weather and age.','# Question

How much do *thin-film* panels lose per year, and **why**? See the [protocol](https://example.org/protocol).

| panel | age | yield |
|---|---|---|
| CdTe | 4 a | 0.93 |
| CIGS | 7 a | 0.88 |

1. Read the weather with `weather.py`.
2. Train:

```
mlflow run . -P epochs=40
```

> Data is kept for ten years.
',0,'2026-11-27 09:00:00');
INSERT INTO "projects_project" VALUES(2,'946bfa129b86438ba26c743d6cb32894','wind-farm','Wind farm','','',1,'2026-11-27 09:00:00');
INSERT INTO "projects_project" VALUES(3,'4c0875ed882b4f0590473b6e8c0aefde','offshore','Offshore panels','Yield under sea spray, with and without cleaning robots.','',0,'2026-11-27 09:00:00');
INSERT INTO "projects_project" VALUES(4,'82bcae1a02544bc490761cf38f6d430f','tidal','Tidal','','',0,'2026-11-27 09:00:00');
INSERT INTO "projects_project" VALUES(5,'d1ca05f79e0a459494278101368ebaf7','roof-tiles','Roof tiles','','',0,'2026-11-27 09:00:00');
INSERT INTO "projects_project" VALUES(6,'512ed03e39094b1db5860f6e7936fd6b','sea-ice','Sea ice','','',1,'2026-11-27 09:00:00');
CREATE TABLE "projects_project_labels" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "label_id" bigint NOT NULL REFERENCES "projects_label" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "projects_project_labels" VALUES(1,1,1);
INSERT INTO "projects_project_labels" VALUES(2,1,2);
INSERT INTO "projects_project_labels" VALUES(3,1,3);
INSERT INTO "projects_project_labels" VALUES(4,1,4);
CREATE TABLE "projects_retiredexperiment" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "mlflow_experiment_id" varchar(64) NOT NULL, "retired_at" datetime NOT NULL);
INSERT INTO "projects_retiredexperiment" VALUES(1,'17','2026-11-27 09:00:00');
CREATE TABLE "projects_usergroup" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "name" varchar(80) NOT NULL, "created_at" datetime NOT NULL, "created_by_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "projects_usergroup" VALUES(1,'c9ac04c86332461c9dca431b850f0c16','Field team of the northern plant','2026-11-27 09:00:00',3);
INSERT INTO "projects_usergroup" VALUES(2,'28523caa5a534021bbba54bcee71ba86','Group 51','2026-11-27 09:00:00',NULL);
INSERT INTO "projects_usergroup" VALUES(3,'03a6963b70854ffa8d86486cbbce19b7','Group 54','2026-11-27 09:00:00',NULL);
INSERT INTO "projects_usergroup" VALUES(4,'1f25e326405d4e3ea379758fe576f5c6','Group 57','2026-11-27 09:00:00',NULL);
INSERT INTO "projects_usergroup" VALUES(5,'53c40bae3b86437a98cb99d628737e00','Group 60','2026-11-27 09:00:00',NULL);
CREATE TABLE "runs_modelalias" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "alias" varchar(60) NOT NULL, "set_at" datetime NOT NULL, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "set_by_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "model_id" bigint NOT NULL REFERENCES "runs_registeredmodel" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "runs_modelalias" VALUES(1,'champion','2026-11-27 09:00:00',1,3,1);
INSERT INTO "runs_modelalias" VALUES(2,'northern-plant','2026-11-27 09:00:00',1,4,1);
CREATE TABLE "runs_modelaliaschange" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "alias" varchar(60) NOT NULL, "before" varchar(100) NOT NULL, "after" varchar(100) NOT NULL, "at" datetime NOT NULL, "by_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "runs_modelaliaschange" VALUES(1,'champion','pv-yield-2025','pv-yield','2026-11-27 09:00:00',3,1);
INSERT INTO "runs_modelaliaschange" VALUES(2,'northern-plant','','pv-yield','2026-11-27 09:00:00',4,1);
CREATE TABLE "runs_registeredmodel" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "lease_token" char(32) NULL, "lease_until" datetime NULL, "uuid" char(32) NOT NULL UNIQUE, "name" varchar(100) NOT NULL, "description" text NOT NULL, "created_at" datetime NOT NULL, "logged_model_id" varchar(64) NOT NULL, "artifact_path" varchar(400) NOT NULL, "registry_name" varchar(130) NOT NULL UNIQUE, "registry_version" varchar(20) NOT NULL, "state" varchar(14) NOT NULL, "registered_at" datetime NULL, "failure" text NOT NULL, "flavors" text NOT NULL CHECK ((JSON_VALID("flavors") OR "flavors" IS NULL)), "signature" text NOT NULL CHECK ((JSON_VALID("signature") OR "signature" IS NULL)), "input_example_path" varchar(400) NOT NULL, "file_count" integer unsigned NULL CHECK ("file_count" >= 0), "size" bigint unsigned NULL CHECK ("size" >= 0), "metrics" text NOT NULL CHECK ((JSON_VALID("metrics") OR "metrics" IS NULL)), "certificate" text NOT NULL, "certificate_sha256" varchar(64) NOT NULL, "next_attempt_at" datetime NULL, "attempts" integer unsigned NOT NULL CHECK ("attempts" >= 0), "waiting_for" text NOT NULL, "waiting_since" datetime NULL, "aliases_changed_at" datetime NULL, "trouble" text NOT NULL, "trouble_since" datetime NULL, "checked_at" datetime NULL, "created_by_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "unregister_requested_by_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "run_id" bigint NOT NULL UNIQUE REFERENCES "runs_run" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "registered_model_state_known" CHECK ("state" IN ('registering', 'registered', 'unregistering')), CONSTRAINT "registered_model_has_one_source" CHECK ((("logged_model_id" = '' OR "artifact_path" = '') AND 1 = (CASE WHEN "logged_model_id" = '' THEN 1 ELSE 0 END + CASE WHEN "artifact_path" = '' THEN 1 ELSE 0 END))), CONSTRAINT "registered_model_has_certificate" CHECK ((NOT ("state" = 'registered') OR (NOT ("certificate_sha256" = '') AND NOT ("registry_version" = '') AND "registered_at" IS NOT NULL))));
INSERT INTO "runs_registeredmodel" VALUES(1,NULL,NULL,'c8c6b5c159ef441f96832ba6b4016619','pv-yield','Yield of **thin-film panels** for the next day, from weather and age.

| data | panels | val_acc |
|---|---|---|
| pv-panels-v3 | 48,210 | 0.913 |

* Not for panels older than ten years.
* Needs irradiance in W/m².
','2026-11-18 10:00:00','m-5222776e2eb0423c8507b6cda903c37e','','p1--pv-yield','1','registered','2026-11-27 09:00:00','','["python_function", "sklearn"]','{"inputs": [{"name": "irradiance", "type": "double"}, {"name": "hour", "type": "long"}], "outputs": [{"name": "yield", "type": "double"}]}','input_example.json',5,7502,'{"loss": 0.0712, "val_acc": 0.9134, "val_loss": 0.0934}','{"code":{"archive_sha256":null,"backend_config":{"content":"Environment:\n  Modules:\n    - CUDA/12\n    - Python/3.11\nResources:\n  Queue: gpu\n  Nodes: 4\n  Runtime: 30m\n","path":"hpc/unicore.yaml","sha256":"4c67afdc8c3f78086ff3f100ff11cb9af31ac3487f99069d9f8b9b6d6df0cad5"},"branch":"main","commit":"a41f9c2b7d5e4f60918273645aabbccddeeff001","mlproject":{"content":"name: pv-yield\nentry_points:\n  train:\n    parameters:\n      epochs: {type: int, default: 40}\n      lr: {type: float, default: 0.001}\n    command: \"python train.py --epochs {epochs} --lr {lr}\"\n","path":"MLproject","sha256":"d0caf406a11dab74034fb017b5b312a7ced1ad78d60376c1028042cd0f2433da"},"repository":"pv-yield","tree":null,"url":"https://git.example.org/group/pv-yield.git"},"core_hours":1.9,"environment":{"cpu_cores":48,"gpus":["A100-SXM4-40GB"],"hostname":"node0412","memory_gb":192,"os":"Linux","python_version":"3.11.4"},"files":[{"path":"MLmodel","sha256":"579333beaf15594a0a1b7f10f9636ad005e8a515405fb75ab870d3d45db105d3","size":393},{"path":"code/features.py","sha256":"bfa687fe5be7128519a7b2eaff49795b1896288dff5e51235797e25a10257723","size":38},{"path":"input_example.json","sha256":"7b913ce51726ff515570be7571bed25349158c8a595be7f2dd0703a1778aefd4","size":58},{"path":"model.skops","sha256":"9bdd2b102a4a49a2f82bece21842c0a0b264afaa85c7ed69193e98591b8bdccb","size":7000},{"path":"requirements.txt","sha256":"76b532ee126e466f27a9d99c4bb64c38b02c5a3e829e5a9a1f4a50d1ae4758c7","size":13}],"format":"mantik.model-certificate/1","metrics":{"loss":0.0712,"val_acc":0.9134,"val_loss":0.0934},"model":{"artifact_path":null,"flavors":["python_function","sklearn"],"logged_model_id":"m-5222776e2eb0423c8507b6cda903c37e","name":"pv-yield","registered_at":"2026-11-18T10:00:00Z","registered_by":{"name":"researcher","username":"researcher"},"registry_name":"p1--pv-yield","signature":{"inputs":[{"name":"irradiance","type":"double"},{"name":"hour","type":"long"}],"outputs":[{"name":"yield","type":"double"}]},"size":7502,"uuid":"c8c6b5c1-59ef-441f-9683-2ba6b4016619"},"project":{"address":"solar-cells","name":"Solar cells","uuid":"aade0bf4-3948-4970-affa-944fd2b48709"},"run":{"entry_point":"train","exit_code":0,"experiment":"baseline","mlflow_experiment_id":"","mlflow_run_id":"1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f","name":"first light","parameters":{"epochs":"40","lr":"0.0008"},"started_by":{"name":"researcher","username":"researcher"},"state":"FINISHED","uuid":"5222776e-2eb0-423c-8507-b6cda903c37e"},"site":{"batch_system_id":"12775364","compute_budget_account":"acc_sol","cpus_per_node":4,"job":"https://hpc.example.org:8080/SITE/rest/core/jobs/601c74ea-eee0-4eb0-a9a9-5b62317bb776","name":"Site A","nodes":4,"queue":"gpu","runtime_limit_seconds":1800.0},"times":{"ended":"2026-11-18T09:09:00Z","running":"2026-11-18T09:02:00Z","stored":"2026-11-18T09:00:00Z","submitted":"2026-11-18T09:00:04Z","submitting":"2026-11-18T09:00:02Z"}}
','1875407614eff65ab8e12f59c23cabe5ffe23332c961a694eb0355202f18dc8b',NULL,0,'',NULL,NULL,'',NULL,NULL,3,1,NULL,1);
INSERT INTO "runs_registeredmodel" VALUES(2,NULL,NULL,'6764d6c81e914d36ac05d2df5b9e75b9','pv-yield-night','','2026-11-19 10:00:00','m-342a71681c1d4a80aae77f25700017fc','','p1--pv-yield-night','1','registered','2026-11-27 09:00:00','','["python_function", "sklearn"]','{"inputs": [{"name": "irradiance", "type": "double"}, {"name": "hour", "type": "long"}], "outputs": [{"name": "yield", "type": "double"}]}','input_example.json',5,7502,'{"val_loss": 0.11, "test_acc": 0.87}','{"code":{"archive_sha256":null,"backend_config":{"content":"Environment:\n  Modules:\n    - CUDA/12\n    - Python/3.11\nResources:\n  Queue: gpu\n  Nodes: 4\n  Runtime: 30m\n","path":"hpc/unicore.yaml","sha256":"4c67afdc8c3f78086ff3f100ff11cb9af31ac3487f99069d9f8b9b6d6df0cad5"},"branch":"main","commit":"a41f9c2b7d5e4f60918273645aabbccddeeff001","mlproject":{"content":"name: pv-yield\nentry_points:\n  train:\n    parameters:\n      epochs: {type: int, default: 40}\n      lr: {type: float, default: 0.001}\n    command: \"python train.py --epochs {epochs} --lr {lr}\"\n","path":"MLproject","sha256":"d0caf406a11dab74034fb017b5b312a7ced1ad78d60376c1028042cd0f2433da"},"repository":"pv-yield","tree":null,"url":"https://git.example.org/group/pv-yield.git"},"core_hours":1.9,"environment":{"cpu_cores":48,"gpus":["A100-SXM4-40GB"],"hostname":"node0412","memory_gb":192,"os":"Linux","python_version":"3.11.4"},"files":[{"path":"MLmodel","sha256":"579333beaf15594a0a1b7f10f9636ad005e8a515405fb75ab870d3d45db105d3","size":393},{"path":"code/features.py","sha256":"bfa687fe5be7128519a7b2eaff49795b1896288dff5e51235797e25a10257723","size":38},{"path":"input_example.json","sha256":"7b913ce51726ff515570be7571bed25349158c8a595be7f2dd0703a1778aefd4","size":58},{"path":"model.skops","sha256":"9bdd2b102a4a49a2f82bece21842c0a0b264afaa85c7ed69193e98591b8bdccb","size":7000},{"path":"requirements.txt","sha256":"76b532ee126e466f27a9d99c4bb64c38b02c5a3e829e5a9a1f4a50d1ae4758c7","size":13}],"format":"mantik.model-certificate/1","metrics":{"test_acc":0.87,"val_loss":0.11},"model":{"artifact_path":null,"flavors":["python_function","sklearn"],"logged_model_id":"m-342a71681c1d4a80aae77f25700017fc","name":"pv-yield-night","registered_at":"2026-11-19T10:00:00Z","registered_by":{"name":"maintainer","username":"maintainer"},"registry_name":"p1--pv-yield-night","signature":{"inputs":[{"name":"irradiance","type":"double"},{"name":"hour","type":"long"}],"outputs":[{"name":"yield","type":"double"}]},"size":7502,"uuid":"6764d6c8-1e91-4d36-ac05-d2df5b9e75b9"},"project":{"address":"solar-cells","name":"Solar cells","uuid":"aade0bf4-3948-4970-affa-944fd2b48709"},"run":{"entry_point":"train","exit_code":0,"experiment":"baseline","mlflow_experiment_id":"","mlflow_run_id":"1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f","name":"nightly · 12 Nov","parameters":{"epochs":"40","lr":"0.0008"},"started_by":{"name":"maintainer","username":"maintainer"},"state":"FINISHED","uuid":"342a7168-1c1d-4a80-aae7-7f25700017fc"},"site":{"batch_system_id":"81312521","compute_budget_account":"acc_sol","cpus_per_node":4,"job":"https://hpc.example.org:8080/SITE/rest/core/jobs/061e05af-8446-4d21-b482-fdd616a671a9","name":"Site A","nodes":4,"queue":"gpu","runtime_limit_seconds":1800.0},"times":{"ended":"2026-11-19T09:09:00Z","running":"2026-11-19T09:02:00Z","stored":"2026-11-19T09:00:00Z","submitted":"2026-11-19T09:00:04Z","submitting":"2026-11-19T09:00:02Z"}}
','d1313a9e6db9691ebef35050f0dfed26aeb2aa3d5460a300fb14143d1e587d06',NULL,0,'',NULL,NULL,'Its version 1 was deleted in MLflow''s registry.','2026-11-27 06:00:00',NULL,4,1,NULL,2);
INSERT INTO "runs_registeredmodel" VALUES(3,NULL,NULL,'33f4f2ea51c449b09fd4a47c7393995a','vit-large-with-a-name-that-somebody-made-far-too-long-to-fit.into_any_column','','2026-11-20 10:00:00','m-e3685769f44746e6a39a00aee9e77644','','p1--vit-large-with-a-name-that-somebody-made-far-too-long-to-fit.into_any_column','1','registered','2026-11-27 09:00:00','','["python_function", "sklearn"]','{"inputs": [{"name": "irradiance", "type": "double"}, {"name": "hour", "type": "long"}], "outputs": [{"name": "yield", "type": "double"}]}','input_example.json',5,7502,'{"val_acc": 0.9312}','{"code":{"archive_sha256":null,"backend_config":{"content":"Environment:\n  Modules:\n    - CUDA/12\n    - Python/3.11\nResources:\n  Queue: gpu\n  Nodes: 4\n  Runtime: 30m\n","path":"hpc/unicore.yaml","sha256":"4c67afdc8c3f78086ff3f100ff11cb9af31ac3487f99069d9f8b9b6d6df0cad5"},"branch":"main","commit":"a41f9c2b7d5e4f60918273645aabbccddeeff001","mlproject":{"content":"name: pv-yield\nentry_points:\n  train:\n    parameters:\n      epochs: {type: int, default: 40}\n      lr: {type: float, default: 0.001}\n    command: \"python train.py --epochs {epochs} --lr {lr}\"\n","path":"MLproject","sha256":"d0caf406a11dab74034fb017b5b312a7ced1ad78d60376c1028042cd0f2433da"},"repository":"pv-yield","tree":null,"url":"https://git.example.org/group/pv-yield.git"},"core_hours":1.9,"environment":{"cpu_cores":48,"gpus":["A100-SXM4-40GB"],"hostname":"node0412","memory_gb":192,"os":"Linux","python_version":"3.11.4"},"files":[{"path":"MLmodel","sha256":"579333beaf15594a0a1b7f10f9636ad005e8a515405fb75ab870d3d45db105d3","size":393},{"path":"code/features.py","sha256":"bfa687fe5be7128519a7b2eaff49795b1896288dff5e51235797e25a10257723","size":38},{"path":"input_example.json","sha256":"7b913ce51726ff515570be7571bed25349158c8a595be7f2dd0703a1778aefd4","size":58},{"path":"model.skops","sha256":"9bdd2b102a4a49a2f82bece21842c0a0b264afaa85c7ed69193e98591b8bdccb","size":7000},{"path":"requirements.txt","sha256":"76b532ee126e466f27a9d99c4bb64c38b02c5a3e829e5a9a1f4a50d1ae4758c7","size":13}],"format":"mantik.model-certificate/1","metrics":{"val_acc":0.9312},"model":{"artifact_path":null,"flavors":["python_function","sklearn"],"logged_model_id":"m-e3685769f44746e6a39a00aee9e77644","name":"vit-large-with-a-name-that-somebody-made-far-too-long-to-fit.into_any_column","registered_at":"2026-11-20T10:00:00Z","registered_by":{"name":"researcher","username":"researcher"},"registry_name":"p1--vit-large-with-a-name-that-somebody-made-far-too-long-to-fit.into_any_column","signature":{"inputs":[{"name":"irradiance","type":"double"},{"name":"hour","type":"long"}],"outputs":[{"name":"yield","type":"double"}]},"size":7502,"uuid":"33f4f2ea-51c4-49b0-9fd4-a47c7393995a"},"project":{"address":"solar-cells","name":"Solar cells","uuid":"aade0bf4-3948-4970-affa-944fd2b48709"},"run":{"entry_point":"train","exit_code":0,"experiment":"baseline","mlflow_experiment_id":"","mlflow_run_id":"1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f","name":"vit-large","parameters":{"epochs":"40","lr":"0.0008"},"started_by":{"name":"researcher","username":"researcher"},"state":"FINISHED","uuid":"e3685769-f447-46e6-a39a-00aee9e77644"},"site":{"batch_system_id":"12444861","compute_budget_account":"acc_sol","cpus_per_node":4,"job":"https://hpc.example.org:8080/SITE/rest/core/jobs/095ccb10-097f-4f10-89d9-c74062477e1b","name":"Site A","nodes":4,"queue":"gpu","runtime_limit_seconds":1800.0},"times":{"ended":"2026-11-20T09:09:00Z","running":"2026-11-20T09:02:00Z","stored":"2026-11-20T09:00:00Z","submitted":"2026-11-20T09:00:04Z","submitting":"2026-11-20T09:00:02Z"}}
','2a417985428b1704dca179ecc450c0d9f3656302561b17a7ceb35e890b2d0f37',NULL,0,'',NULL,NULL,'',NULL,NULL,3,1,NULL,3);
INSERT INTO "runs_registeredmodel" VALUES(4,NULL,NULL,'bd413f6d697b40cb9b8afdc66ca0f7d3','dust','','2026-11-21 10:00:00','m-2ac7829d23ae47c4a482f5cc1c8ace76','','p1--dust','','registering',NULL,'','[]','{}','',NULL,NULL,'{}','','',NULL,0,'MLflow does not answer. Mantik tries again.','2026-11-27 08:56:00',NULL,'',NULL,NULL,3,1,NULL,4);
INSERT INTO "runs_registeredmodel" VALUES(5,NULL,NULL,'bafa15af5e844c568dd1f066d5a99a3a','snow','','2026-11-21 10:00:00','m-5dc6683bbad14d7f9e67a263197b534a','','p1--snow','1','unregistering','2026-11-27 09:00:00','','["python_function", "sklearn"]','{"inputs": [{"name": "irradiance", "type": "double"}, {"name": "hour", "type": "long"}], "outputs": [{"name": "yield", "type": "double"}]}','input_example.json',5,7502,'{"loss": 0.0712, "val_acc": 0.9134, "val_loss": 0.0934}','{"code":{"archive_sha256":null,"backend_config":{"content":"Environment:\n  Modules:\n    - CUDA/12\n    - Python/3.11\nResources:\n  Queue: gpu\n  Nodes: 4\n  Runtime: 30m\n","path":"hpc/unicore.yaml","sha256":"4c67afdc8c3f78086ff3f100ff11cb9af31ac3487f99069d9f8b9b6d6df0cad5"},"branch":"main","commit":"a41f9c2b7d5e4f60918273645aabbccddeeff001","mlproject":{"content":"name: pv-yield\nentry_points:\n  train:\n    parameters:\n      epochs: {type: int, default: 40}\n      lr: {type: float, default: 0.001}\n    command: \"python train.py --epochs {epochs} --lr {lr}\"\n","path":"MLproject","sha256":"d0caf406a11dab74034fb017b5b312a7ced1ad78d60376c1028042cd0f2433da"},"repository":"pv-yield","tree":null,"url":"https://git.example.org/group/pv-yield.git"},"core_hours":1.9,"environment":{"cpu_cores":48,"gpus":["A100-SXM4-40GB"],"hostname":"node0412","memory_gb":192,"os":"Linux","python_version":"3.11.4"},"files":[{"path":"MLmodel","sha256":"579333beaf15594a0a1b7f10f9636ad005e8a515405fb75ab870d3d45db105d3","size":393},{"path":"code/features.py","sha256":"bfa687fe5be7128519a7b2eaff49795b1896288dff5e51235797e25a10257723","size":38},{"path":"input_example.json","sha256":"7b913ce51726ff515570be7571bed25349158c8a595be7f2dd0703a1778aefd4","size":58},{"path":"model.skops","sha256":"9bdd2b102a4a49a2f82bece21842c0a0b264afaa85c7ed69193e98591b8bdccb","size":7000},{"path":"requirements.txt","sha256":"76b532ee126e466f27a9d99c4bb64c38b02c5a3e829e5a9a1f4a50d1ae4758c7","size":13}],"format":"mantik.model-certificate/1","metrics":{"loss":0.0712,"val_acc":0.9134,"val_loss":0.0934},"model":{"artifact_path":null,"flavors":["python_function","sklearn"],"logged_model_id":"m-5dc6683bbad14d7f9e67a263197b534a","name":"snow","registered_at":"2026-11-21T10:00:00Z","registered_by":{"name":"researcher","username":"researcher"},"registry_name":"p1--snow","signature":{"inputs":[{"name":"irradiance","type":"double"},{"name":"hour","type":"long"}],"outputs":[{"name":"yield","type":"double"}]},"size":7502,"uuid":"bafa15af-5e84-4c56-8dd1-f066d5a99a3a"},"project":{"address":"solar-cells","name":"Solar cells","uuid":"aade0bf4-3948-4970-affa-944fd2b48709"},"run":{"entry_point":"train","exit_code":0,"experiment":"baseline","mlflow_experiment_id":"","mlflow_run_id":"1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f","name":"snow-1","parameters":{"epochs":"40","lr":"0.0008"},"started_by":{"name":"researcher","username":"researcher"},"state":"FINISHED","uuid":"5dc6683b-bad1-4d7f-9e67-a263197b534a"},"site":{"batch_system_id":"10298222","compute_budget_account":"acc_sol","cpus_per_node":4,"job":"https://hpc.example.org:8080/SITE/rest/core/jobs/4d79a7d4-1fed-46e9-8016-9cc3dce41e36","name":"Site A","nodes":4,"queue":"gpu","runtime_limit_seconds":1800.0},"times":{"ended":"2026-11-21T09:09:00Z","running":"2026-11-21T09:02:00Z","stored":"2026-11-21T09:00:00Z","submitted":"2026-11-21T09:00:04Z","submitting":"2026-11-21T09:00:02Z"}}
','b28b7b3fb79f45de25d1ca28ed4cbdde0158a2e6d6a5b60e6b5b87550a796a90',NULL,0,'',NULL,NULL,'',NULL,NULL,3,1,NULL,5);
CREATE TABLE "runs_retiredmodel" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "model_uuid" char(32) NOT NULL UNIQUE, "registry_name" varchar(130) NOT NULL, "check_at" datetime NOT NULL);
INSERT INTO "runs_retiredmodel" VALUES(1,'6c06752192f9446680282f0fc9ac3766','1.melted','2026-11-27 10:00:00');
CREATE TABLE "runs_run" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "lease_token" char(32) NULL, "lease_until" datetime NULL, "code_name" varchar(80) NOT NULL, "code_url" varchar(400) NOT NULL, "code_platform" varchar(16) NOT NULL, "branch" varchar(250) NOT NULL, "commit_sha" varchar(64) NOT NULL, "commit_subject" varchar(200) NOT NULL, "commit_author" varchar(120) NOT NULL, "committed_at" datetime NULL, "mlproject_path" varchar(400) NOT NULL, "mlproject_content" text NOT NULL, "entry_point" varchar(120) NOT NULL, "parameters" text NOT NULL CHECK ((JSON_VALID("parameters") OR "parameters" IS NULL)), "backend_config_path" varchar(400) NOT NULL, "backend_config_content" text NOT NULL, "site_name" varchar(80) NOT NULL, "compute_budget_account" varchar(120) NOT NULL, "queue" varchar(120) NOT NULL, "nodes" integer unsigned NULL CHECK ("nodes" >= 0), "cpus_per_node" integer unsigned NULL CHECK ("cpus_per_node" >= 0), "cpus" integer unsigned NULL CHECK ("cpus" >= 0), "runtime_limit" bigint NULL, "uuid" char(32) NOT NULL UNIQUE, "created_at" datetime NOT NULL, "name" varchar(120) NOT NULL, "commit_pending" bool NOT NULL, "state" varchar(12) NOT NULL, "waiting_for" text NOT NULL, "waiting_since" datetime NULL, "outcome" text NOT NULL, "outcome_line" integer unsigned NULL CHECK ("outcome_line" >= 0), "submission_tag" varchar(60) NOT NULL UNIQUE, "attempts" integer unsigned NOT NULL CHECK ("attempts" >= 0), "next_attempt_at" datetime NULL, "refusals" smallint unsigned NOT NULL CHECK ("refusals" >= 0), "posted_at" datetime NULL, "was_in_doubt" bool NOT NULL, "job_url" varchar(500) NOT NULL, "job_script" text NOT NULL, "tree_sha" varchar(64) NOT NULL, "code_sha256" varchar(64) NOT NULL, "code_size" bigint unsigned NULL CHECK ("code_size" >= 0), "code_is_inline" bool NOT NULL, "code_uploaded" bool NOT NULL, "start_sent_at" datetime NULL, "submitting_at" datetime NULL, "submitted_at" datetime NULL, "next_poll_at" datetime NULL, "poll_failures" integer unsigned NOT NULL CHECK ("poll_failures" >= 0), "watched_until" datetime NULL, "log_fetched_at" datetime NULL, "site_status" varchar(20) NOT NULL, "batch_system_id" varchar(120) NOT NULL, "exit_code" integer NULL, "site_message" text NOT NULL, "consumed_seconds" text NOT NULL CHECK ((JSON_VALID("consumed_seconds") OR "consumed_seconds" IS NULL)), "running_at" datetime NULL, "ended_at" datetime NULL, "core_hours" real NULL, "log_size" bigint unsigned NOT NULL CHECK ("log_size" >= 0), "log_truncated" bool NOT NULL, "log_complete" bool NOT NULL, "cancel_requested_at" datetime NULL, "abort_sent_at" datetime NULL, "mlflow_experiment_id" varchar(64) NOT NULL, "mlflow_run_id" varchar(64) NOT NULL, "tracking_closed" bool NOT NULL, "cancel_requested_by_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "code_repository_id" bigint NULL REFERENCES "projects_coderepository" ("id") DEFERRABLE INITIALLY DEFERRED, "connection_id" bigint NULL REFERENCES "connections_connection" ("id") DEFERRABLE INITIALLY DEFERRED, "created_by_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "experiment_id" bigint NOT NULL REFERENCES "projects_experiment" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "run_state_known" CHECK ("state" IN ('PENDING', 'SUBMITTING', 'QUEUED', 'RUNNING', 'FINISHED', 'FAILED', 'CANCELLED', 'LOST')), CONSTRAINT "run_started_has_job" CHECK (("submitted_at" IS NULL OR NOT ("job_url" = ''))));
INSERT INTO "runs_run" VALUES(1,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-18 06:00:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
    command: "python train.py --epochs {epochs} --lr {lr}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'5222776e2eb0423c8507b6cda903c37e','2026-11-18 09:00:00','first light',0,'FINISHED','',NULL,'Finished with exit code 0.',NULL,'mantik-5222776e-2eb0-423c-8507-b6cda903c37e',1,NULL,0,'2026-11-18 09:00:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/601c74ea-eee0-4eb0-a9a9-5b62317bb776','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-18 09:00:04','2026-11-18 09:00:02','2026-11-18 09:00:04',NULL,0,NULL,NULL,'','12775364',0,'','{}','2026-11-18 09:02:00','2026-11-18 09:09:00',1.9,144,0,1,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(2,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-19 06:00:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
    command: "python train.py --epochs {epochs} --lr {lr}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'342a71681c1d4a80aae77f25700017fc','2026-11-19 09:00:00','nightly · 12 Nov',0,'FINISHED','',NULL,'Finished with exit code 0.',NULL,'mantik-342a7168-1c1d-4a80-aae7-7f25700017fc',1,NULL,0,'2026-11-19 09:00:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/061e05af-8446-4d21-b482-fdd616a671a9','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-19 09:00:04','2026-11-19 09:00:02','2026-11-19 09:00:04',NULL,0,NULL,NULL,'','81312521',0,'','{}','2026-11-19 09:02:00','2026-11-19 09:09:00',1.9,144,0,1,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,4,1,1);
INSERT INTO "runs_run" VALUES(3,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-20 06:00:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
    command: "python train.py --epochs {epochs} --lr {lr}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'e3685769f44746e6a39a00aee9e77644','2026-11-20 09:00:00','vit-large',0,'FINISHED','',NULL,'Finished with exit code 0.',NULL,'mantik-e3685769-f447-46e6-a39a-00aee9e77644',1,NULL,0,'2026-11-20 09:00:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/095ccb10-097f-4f10-89d9-c74062477e1b','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-20 09:00:04','2026-11-20 09:00:02','2026-11-20 09:00:04',NULL,0,NULL,NULL,'','12444861',0,'','{}','2026-11-20 09:02:00','2026-11-20 09:09:00',1.9,144,0,1,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(4,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-21 06:00:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
    command: "python train.py --epochs {epochs} --lr {lr}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'2ac7829d23ae47c4a482f5cc1c8ace76','2026-11-21 09:00:00','dust-1',0,'FINISHED','',NULL,'Finished with exit code 0.',NULL,'mantik-2ac7829d-23ae-47c4-a482-f5cc1c8ace76',1,NULL,0,'2026-11-21 09:00:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/4ab0422b-19f4-4b3c-998f-8acc0fcd16f3','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-21 09:00:04','2026-11-21 09:00:02','2026-11-21 09:00:04',NULL,0,NULL,NULL,'','99278057',0,'','{}','2026-11-21 09:02:00','2026-11-21 09:09:00',1.9,144,0,1,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(5,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-21 06:00:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
    command: "python train.py --epochs {epochs} --lr {lr}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'5dc6683bbad14d7f9e67a263197b534a','2026-11-21 09:00:00','snow-1',0,'FINISHED','',NULL,'Finished with exit code 0.',NULL,'mantik-5dc6683b-bad1-4d7f-9e67-a263197b534a',1,NULL,0,'2026-11-21 09:00:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/4d79a7d4-1fed-46e9-8016-9cc3dce41e36','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-21 09:00:04','2026-11-21 09:00:02','2026-11-21 09:00:04',NULL,0,NULL,NULL,'','10298222',0,'','{}','2026-11-21 09:02:00','2026-11-21 09:09:00',1.9,144,0,1,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(6,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-22 06:00:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'53487d47124c4acdbd6bdd90ca2e55bd','2026-11-22 09:00:00','first light',0,'LOST','',NULL,'The site no longer knows the job.',NULL,'mantik-53487d47-124c-4acd-bd6b-dd90ca2e55bd',1,NULL,0,'2026-11-22 09:00:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/ed2f173a-a639-43ee-8977-9d9e631ee8b6','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-22 09:00:04','2026-11-22 09:00:02','2026-11-22 09:00:04',NULL,0,NULL,NULL,'','31527154',NULL,'','{}',NULL,'2026-11-22 09:09:00',NULL,0,0,1,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(7,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-26 04:00:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'7c5fce60f2c54746b7104b63d6eca668','2026-11-26 07:00:00','vit-large-with-a-name-that-somebody-made-far-too-long-to-fit',0,'CANCELLED','',NULL,'Cancelled before it began to run.',NULL,'mantik-7c5fce60-f2c5-4746-b710-4b63d6eca668',1,NULL,0,'2026-11-26 07:00:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/1392b453-a713-44ff-8e72-7f4ec272f79b','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-26 07:00:04','2026-11-26 07:00:02','2026-11-26 07:00:04',NULL,0,NULL,NULL,'','26017064',NULL,'','{}',NULL,'2026-11-26 07:09:00',NULL,0,0,1,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(8,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 03:55:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'b125b75810b8401b9e2c94e26a5e13d4','2026-11-27 06:55:00','vit-large-long',0,'FAILED','',NULL,'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.36 GiB; 512 MiB are free',9,'mantik-b125b758-10b8-401b-9e2c-94e26a5e13d4',1,NULL,0,'2026-11-27 06:55:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/a710afb8-33da-432a-8d1f-ab7bc9546109','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-27 06:55:04','2026-11-27 06:55:02','2026-11-27 06:55:04',NULL,0,NULL,NULL,'','22206771',1,'User application exited with non-zero exit code: <1>. More information might be available in the job''s working directory ''/p/scratch/solar/unicore/8f1c0a2e-5c3d/''','{}','2026-11-27 06:57:00','2026-11-27 07:04:00',1.9,637,0,1,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,4,1,1);
INSERT INTO "runs_run" VALUES(9,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 04:58:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'a9e41af9b2854322a1a26d82b6ea1bb9','2026-11-27 07:58:00','resnet50-finished',0,'FINISHED','',NULL,'Finished with exit code 0.',NULL,'mantik-a9e41af9-b285-4322-a1a2-6d82b6ea1bb9',1,NULL,0,'2026-11-27 07:58:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/9276e2f9-8f1a-4abb-8a3d-663aa7b95b97','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-27 07:58:04','2026-11-27 07:58:02','2026-11-27 07:58:04',NULL,0,NULL,NULL,'','19468458',0,'','{}','2026-11-27 08:00:00','2026-11-27 08:07:00',1.9,644,0,1,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(10,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 05:39:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'09e5619a57784973a8bcd59215cef479','2026-11-27 08:39:00','nightly · 23 Nov',0,'PENDING','Site A takes no jobs now: “maintenance until 24 Nov 08:00”. Mantik tries again.','2026-11-27 08:39:05','',NULL,'mantik-09e5619a-5778-4973-a8bc-d59215cef479',0,'2026-11-27 09:00:00',0,NULL,0,'','','','',NULL,1,0,NULL,NULL,NULL,NULL,0,NULL,NULL,'','',NULL,'','{}',NULL,NULL,NULL,0,0,0,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(11,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 05:42:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'7d2356543775477ca4b04ca89b0029f1','2026-11-27 08:42:00','resnet50-running',0,'RUNNING','',NULL,'',NULL,'mantik-7d235654-3775-477c-a4b0-4ca89b0029f1',1,NULL,0,'2026-11-27 08:42:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/a76feba5-6783-45c6-9f49-d3f6a6e4f5ae','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-27 08:42:04','2026-11-27 08:42:02','2026-11-27 08:42:04','2026-11-27 09:00:00',0,NULL,NULL,'','22256219',NULL,'','{}','2026-11-27 08:44:00',NULL,NULL,637,0,0,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(12,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 05:54:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'0efaf35eb61c47e99c276126d9a570a6','2026-11-27 08:54:00','resnet50-queued',0,'QUEUED','Site A does not answer. The job may well go on there; Mantik keeps asking.','2026-11-27 08:54:05','',NULL,'mantik-0efaf35e-b61c-47e9-9c27-6126d9a570a6',1,NULL,0,'2026-11-27 08:54:04',0,'https://hpc.example.org:8080/SITE/rest/core/jobs/18ca2072-7f5f-490b-ad5a-9deb78e36194','#!/bin/bash
set -u
python train.py --epochs 40 --lr 0.0008
','','',NULL,1,0,'2026-11-27 08:54:04','2026-11-27 08:54:02','2026-11-27 08:54:04','2026-11-27 09:00:00',0,NULL,NULL,'','32950973',NULL,'','{}',NULL,NULL,NULL,0,0,0,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(13,NULL,NULL,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 05:59:40','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'3fc4d797cc6c4e1386ea47b4b04d0f80','2026-11-27 08:59:40','resnet50-submitting',0,'SUBMITTING','',NULL,'',NULL,'mantik-3fc4d797-cc6c-4e13-86ea-47b4b04d0f80',1,'2026-11-27 09:00:00',0,NULL,0,'','','','',NULL,1,0,NULL,'2026-11-27 08:59:42',NULL,NULL,0,NULL,NULL,'','',NULL,'','{}',NULL,NULL,NULL,0,0,0,NULL,NULL,'','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f',0,NULL,1,8,3,1,1);
INSERT INTO "runs_run" VALUES(14,NULL,NULL,'ice-cover','https://git.example.org/group/ice-cover.git','other','main','67217260c000d82a2a1017d9baba735198b0cc8f','Count the ice','Ada','2023-11-14 22:14:20','MLproject','name: ice-cover
entry_points:
  main:
    parameters:
      year: {type: int, default: 2026}
    command: "echo cover of {year}"
','main','{"year": "2025"}','unicore.yaml','Resources:
  Queue: batch
  Runtime: 10min
  Nodes: 1
  CPUsPerNode: 1
','Polar cluster','demo','batch',1,1,1,600000000,'a8969a53fb1b465797b44e40cce52a03','2026-11-27 09:00:00','never taken up',0,'PENDING','',NULL,'',NULL,'mantik-a8969a53-fb1b-4657-97b4-4e40cce52a03',0,'2026-11-27 09:00:00',0,NULL,0,'','','','',NULL,1,0,NULL,NULL,NULL,NULL,0,NULL,NULL,'','',NULL,'','{}',NULL,NULL,NULL,0,0,0,NULL,NULL,'','',0,NULL,5,9,8,3,6);
INSERT INTO "runs_run" VALUES(15,NULL,NULL,'ice-cover','https://git.example.org/group/ice-cover.git','other','main','67217260c000d82a2a1017d9baba735198b0cc8f','Count the ice','Ada','2023-11-14 22:14:20','MLproject','name: ice-cover
entry_points:
  main:
    parameters:
      year: {type: int, default: 2026}
    command: "echo cover of {year}"
','main','{"year": "2025"}','unicore.yaml','Resources:
  Queue: batch
  Runtime: 10min
  Nodes: 1
  CPUsPerNode: 1
','Polar cluster','demo','batch',1,1,1,600000000,'1ab7aea0f0b84b55b4c479b59d714cfa','2026-11-27 09:00:00','sent without an answer',0,'SUBMITTING','Polar cluster did not confirm the job.','2026-11-27 09:00:00','',NULL,'mantik-1ab7aea0-f0b8-4b55-b4c4-79b59d714cfa',1,'2026-11-27 09:00:05',0,'2026-11-27 09:00:00',1,'','#!/bin/bash
echo cover of 2025
','','0000000000000000000000000000000000000000000000000000000000000000',512,1,0,NULL,'2026-11-27 09:00:00',NULL,NULL,0,NULL,NULL,'','',NULL,'','{}',NULL,NULL,NULL,0,0,0,NULL,NULL,'','',0,NULL,5,9,8,4,6);
CREATE TABLE "runs_runevent" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "at" datetime NOT NULL, "kind" varchar(40) NOT NULL, "message" text NOT NULL, "actor_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "run_id" bigint NOT NULL REFERENCES "runs_run" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "runs_runevent" VALUES(1,'2026-11-22 09:00:00','note','RUN! was pressed; everything is stored.',3,6);
INSERT INTO "runs_runevent" VALUES(2,'2026-11-22 09:00:04','note','The site has the job.',NULL,6);
INSERT INTO "runs_runevent" VALUES(3,'2026-11-26 07:00:00','note','RUN! was pressed; everything is stored.',3,7);
INSERT INTO "runs_runevent" VALUES(4,'2026-11-26 07:00:04','note','The site has the job.',NULL,7);
INSERT INTO "runs_runevent" VALUES(5,'2026-11-27 06:55:00','note','RUN! was pressed; everything is stored.',4,8);
INSERT INTO "runs_runevent" VALUES(6,'2026-11-27 06:55:04','note','The site has the job.',NULL,8);
INSERT INTO "runs_runevent" VALUES(7,'2026-11-27 07:58:00','note','RUN! was pressed; everything is stored.',3,9);
INSERT INTO "runs_runevent" VALUES(8,'2026-11-27 07:58:04','note','The site has the job.',NULL,9);
INSERT INTO "runs_runevent" VALUES(9,'2026-11-27 08:39:00','note','RUN! was pressed; everything is stored.',3,10);
INSERT INTO "runs_runevent" VALUES(10,'2026-11-27 08:42:00','note','RUN! was pressed; everything is stored.',3,11);
INSERT INTO "runs_runevent" VALUES(11,'2026-11-27 08:42:04','note','The site has the job.',NULL,11);
INSERT INTO "runs_runevent" VALUES(12,'2026-11-27 08:54:00','note','RUN! was pressed; everything is stored.',3,12);
INSERT INTO "runs_runevent" VALUES(13,'2026-11-27 08:54:04','note','The site has the job.',NULL,12);
INSERT INTO "runs_runevent" VALUES(14,'2026-11-27 08:59:40','note','RUN! was pressed; everything is stored.',3,13);
INSERT INTO "runs_runevent" VALUES(15,'2026-11-27 09:00:00','state.pending','RUN! was pressed; everything is stored.',8,14);
INSERT INTO "runs_runevent" VALUES(16,'2026-11-27 09:00:00','state.pending','RUN! was pressed; everything is stored.',8,15);
INSERT INTO "runs_runevent" VALUES(17,'2026-11-27 09:00:00','state.submitting','A worker took it up.',NULL,15);
CREATE TABLE "runs_runlogchunk" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "offset" bigint unsigned NOT NULL CHECK ("offset" >= 0), "content" BLOB NOT NULL, "run_id" bigint NOT NULL REFERENCES "runs_run" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "runs_runlogchunk" VALUES(1,0,X'5B6D616E74696B5D20656E76207B22686F73746E616D65223A20226E6F646530343132222C20226F73223A20224C696E7578222C2022707974686F6E5F76657273696F6E223A2022332E31312E34222C20226370755F636F726573223A2034382C20226D656D6F72795F6762223A203139322C202267707573223A205B22413130302D53584D342D34304742225D7D0A',1);
INSERT INTO "runs_runlogchunk" VALUES(2,0,X'5B6D616E74696B5D20656E76207B22686F73746E616D65223A20226E6F646530343132222C20226F73223A20224C696E7578222C2022707974686F6E5F76657273696F6E223A2022332E31312E34222C20226370755F636F726573223A2034382C20226D656D6F72795F6762223A203139322C202267707573223A205B22413130302D53584D342D34304742225D7D0A',2);
INSERT INTO "runs_runlogchunk" VALUES(3,0,X'5B6D616E74696B5D20656E76207B22686F73746E616D65223A20226E6F646530343132222C20226F73223A20224C696E7578222C2022707974686F6E5F76657273696F6E223A2022332E31312E34222C20226370755F636F726573223A2034382C20226D656D6F72795F6762223A203139322C202267707573223A205B22413130302D53584D342D34304742225D7D0A',3);
INSERT INTO "runs_runlogchunk" VALUES(4,0,X'5B6D616E74696B5D20656E76207B22686F73746E616D65223A20226E6F646530343132222C20226F73223A20224C696E7578222C2022707974686F6E5F76657273696F6E223A2022332E31312E34222C20226370755F636F726573223A2034382C20226D656D6F72795F6762223A203139322C202267707573223A205B22413130302D53584D342D34304742225D7D0A',4);
INSERT INTO "runs_runlogchunk" VALUES(5,0,X'5B6D616E74696B5D20656E76207B22686F73746E616D65223A20226E6F646530343132222C20226F73223A20224C696E7578222C2022707974686F6E5F76657273696F6E223A2022332E31312E34222C20226370755F636F726573223A2034382C20226D656D6F72795F6762223A203139322C202267707573223A205B22413130302D53584D342D34304742225D7D0A',5);
INSERT INTO "runs_runlogchunk" VALUES(6,0,X'5B6D616E74696B5D2072756E20386631633061326520C2B720636F6D6D6974206134316639633220C2B7206E6F6465206E6F6465303431320A5B6D616E74696B5D2071756575652067707520C2B72034206E6F64657320C2B7206163636F756E74206163635F736F6C0A4C6F6164696E67206D6F64756C65733A20435544412F313220507974686F6E2F332E31310A494E464F2020646174617365742070762D70616E656C732D76333A2034382C32313020747261696E202F20362C3032362076616C0A65706F63682020312F343020206C6F737320302E38303030202076616C5F61636320302E34303020202033302E3120730A65706F63682020322F343020206C6F737320302E34303030202076616C5F61636320302E37303020202033302E3220730A65706F63682020332F343020206C6F737320302E32363637202076616C5F61636320302E38303020202033302E3320730A65706F63682020342F343020206C6F737320302E32303030202076616C5F61636320302E38353020202033302E3420730A65706F63682020352F343020206C6F737320302E31363030202076616C5F61636320302E38383020202033302E3520730A65706F63682020362F343020206C6F737320302E31333333202076616C5F61636320302E39303020202033302E3620730A65706F63682020372F343020206C6F737320302E31313433202076616C5F61636320302E39313420202033302E3720730A65706F63682020382F343020206C6F737320302E31303030202076616C5F61636320302E39323520202033302E3820730A65706F63682020392F343020206C6F737320302E30383839202076616C5F61636320302E39333320202033302E3920730A',8);
INSERT INTO "runs_runlogchunk" VALUES(7,0,X'5B6D616E74696B5D2072756E20386631633061326520C2B720636F6D6D6974206134316639633220C2B7206E6F6465206E6F6465303431320A5B6D616E74696B5D2071756575652067707520C2B72034206E6F64657320C2B7206163636F756E74206163635F736F6C0A4C6F6164696E67206D6F64756C65733A20435544412F313220507974686F6E2F332E31310A494E464F2020646174617365742070762D70616E656C732D76333A2034382C32313020747261696E202F20362C3032362076616C0A65706F63682020312F343020206C6F737320302E38303030202076616C5F61636320302E34303020202033302E3120730A65706F63682020322F343020206C6F737320302E34303030202076616C5F61636320302E37303020202033302E3220730A65706F63682020332F343020206C6F737320302E32363637202076616C5F61636320302E38303020202033302E3320730A65706F63682020342F343020206C6F737320302E32303030202076616C5F61636320302E38353020202033302E3420730A65706F63682020352F343020206C6F737320302E31363030202076616C5F61636320302E38383020202033302E3520730A65706F63682020362F343020206C6F737320302E31333333202076616C5F61636320302E39303020202033302E3620730A65706F63682020372F343020206C6F737320302E31313433202076616C5F61636320302E39313420202033302E3720730A65706F63682020382F343020206C6F737320302E31303030202076616C5F61636320302E39323520202033302E3820730A65706F63682020392F343020206C6F737320302E30383839202076616C5F61636320302E39333320202033302E3920730A',9);
INSERT INTO "runs_runlogchunk" VALUES(8,0,X'5B6D616E74696B5D2072756E20386631633061326520C2B720636F6D6D6974206134316639633220C2B7206E6F6465206E6F6465303431320A5B6D616E74696B5D2071756575652067707520C2B72034206E6F64657320C2B7206163636F756E74206163635F736F6C0A4C6F6164696E67206D6F64756C65733A20435544412F313220507974686F6E2F332E31310A494E464F2020646174617365742070762D70616E656C732D76333A2034382C32313020747261696E202F20362C3032362076616C0A65706F63682020312F343020206C6F737320302E38303030202076616C5F61636320302E34303020202033302E3120730A65706F63682020322F343020206C6F737320302E34303030202076616C5F61636320302E37303020202033302E3220730A65706F63682020332F343020206C6F737320302E32363637202076616C5F61636320302E38303020202033302E3320730A65706F63682020342F343020206C6F737320302E32303030202076616C5F61636320302E38353020202033302E3420730A65706F63682020352F343020206C6F737320302E31363030202076616C5F61636320302E38383020202033302E3520730A65706F63682020362F343020206C6F737320302E31333333202076616C5F61636320302E39303020202033302E3620730A65706F63682020372F343020206C6F737320302E31313433202076616C5F61636320302E39313420202033302E3720730A65706F63682020382F343020206C6F737320302E31303030202076616C5F61636320302E39323520202033302E3820730A65706F63682020392F343020206C6F737320302E30383839202076616C5F61636320302E39333320202033302E3920730A',11);
INSERT INTO "runs_runlogchunk" VALUES(9,637,X'00FFFE275C0A0D',9);
CREATE TABLE "schedules_schedule" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "code_name" varchar(80) NOT NULL, "code_url" varchar(400) NOT NULL, "code_platform" varchar(16) NOT NULL, "branch" varchar(250) NOT NULL, "commit_sha" varchar(64) NOT NULL, "commit_subject" varchar(200) NOT NULL, "commit_author" varchar(120) NOT NULL, "committed_at" datetime NULL, "mlproject_path" varchar(400) NOT NULL, "mlproject_content" text NOT NULL, "entry_point" varchar(120) NOT NULL, "parameters" text NOT NULL CHECK ((JSON_VALID("parameters") OR "parameters" IS NULL)), "backend_config_path" varchar(400) NOT NULL, "backend_config_content" text NOT NULL, "site_name" varchar(80) NOT NULL, "compute_budget_account" varchar(120) NOT NULL, "queue" varchar(120) NOT NULL, "nodes" integer unsigned NULL CHECK ("nodes" >= 0), "cpus_per_node" integer unsigned NULL CHECK ("cpus_per_node" >= 0), "cpus" integer unsigned NULL CHECK ("cpus" >= 0), "runtime_limit" bigint NULL, "uuid" char(32) NOT NULL UNIQUE, "name" varchar(120) NOT NULL, "created_at" datetime NOT NULL, "last_edited_at" datetime NOT NULL, "revision" integer unsigned NOT NULL CHECK ("revision" >= 0), "cron_expression" varchar(200) NOT NULL, "time_zone" varchar(60) NOT NULL, "end_date" date NULL, "code_policy" varchar(8) NOT NULL, "overlap" varchar(8) NOT NULL, "missed" varchar(8) NOT NULL, "missed_cap" smallint unsigned NOT NULL CHECK ("missed_cap" >= 0), "missed_grace" bigint NOT NULL, "jitter_seconds" integer unsigned NOT NULL CHECK ("jitter_seconds" >= 0), "pause_after_failures" smallint unsigned NOT NULL CHECK ("pause_after_failures" >= 0), "most_runs_per_day" integer unsigned NULL CHECK ("most_runs_per_day" >= 0), "state" varchar(8) NOT NULL, "state_reason" text NOT NULL, "state_changed_at" datetime NOT NULL, "next_due_at" datetime NULL, "next_fire_at" datetime NULL, "dealt_with_until" datetime NOT NULL, "failures_in_a_row" integer unsigned NOT NULL CHECK ("failures_in_a_row" >= 0), "last_due_at" datetime NULL, "last_outcome" varchar(8) NOT NULL, "last_reason" text NOT NULL, "code_repository_id" bigint NULL REFERENCES "projects_coderepository" ("id") DEFERRABLE INITIALLY DEFERRED, "connection_id" bigint NULL REFERENCES "connections_connection" ("id") DEFERRABLE INITIALLY DEFERRED, "created_by_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "experiment_id" bigint NOT NULL REFERENCES "projects_experiment" ("id") DEFERRABLE INITIALLY DEFERRED, "last_edited_by_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "periodic_task_id" integer NOT NULL UNIQUE REFERENCES "django_celery_beat_periodictask" ("id") DEFERRABLE INITIALLY DEFERRED, "project_id" bigint NOT NULL REFERENCES "projects_project" ("id") DEFERRABLE INITIALLY DEFERRED, "run_id" bigint NULL REFERENCES "runs_run" ("id") DEFERRABLE INITIALLY DEFERRED, "state_changed_by_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "schedule_state_known" CHECK ("state" IN ('enabled', 'paused', 'ended')), CONSTRAINT "schedule_enabled_is_due" CHECK ((("next_due_at" IS NOT NULL AND "next_fire_at" IS NOT NULL AND "state" = 'enabled') OR (NOT ("state" = 'enabled') AND "next_due_at" IS NULL AND "next_fire_at" IS NULL))));
INSERT INTO "schedules_schedule" VALUES(1,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 04:58:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'ebfea7f09e4c4d069f505e76f586e5ea','nightly','2026-11-27 09:00:00','2026-11-27 09:00:00',1,'30 2 * * *','Europe/Berlin','2027-09-23','same','skip','one',10,21600000000,0,5,NULL,'enabled','','2026-11-27 09:00:00','2026-11-28 01:30:00','2026-11-28 01:30:00','2026-11-27 09:00:00',0,'2026-11-26 19:00:00','fired','Started on time.',1,8,3,1,3,1,1,9,NULL);
INSERT INTO "schedules_schedule" VALUES(2,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 04:58:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'68d00865bbeb4f65b5ad7133a0758c59','every weekday in the working hours of the northern plant','2026-11-27 09:00:00','2026-11-27 09:00:00',1,'*/15 9-17 * * 1-5','America/Argentina/ComodRivadavia',NULL,'same','skip','one',10,21600000000,0,5,NULL,'paused','It failed 5 times in a row. Look at its last runs and slots, mend the cause, and resume it.','2026-11-27 09:00:00',NULL,NULL,'2026-11-27 09:00:00',5,'2026-11-27 07:00:00','refused','Its connection was deleted. Edit the schedule and choose another one.',1,8,4,1,4,2,1,9,NULL);
INSERT INTO "schedules_schedule" VALUES(3,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 04:58:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'47e586b1a81f46c3b2dedfe1e15f8cbd','warm-up','2026-11-27 09:00:00','2026-11-27 09:00:00',1,'0 1 1 * *','UTC',NULL,'same','skip','one',10,21600000000,0,5,NULL,'ended','There is no instant left before its end.','2026-11-27 09:00:00',NULL,NULL,'2026-11-27 09:00:00',0,NULL,'','',1,8,3,1,3,3,1,9,NULL);
INSERT INTO "schedules_schedule" VALUES(4,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 04:58:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'6b1e649c185b49d7b2a81f19f60e80cb','sweep of learning rates','2026-11-27 09:00:00','2026-11-27 09:00:00',1,'0 2 * * 1-5','Europe/Berlin',NULL,'same','skip','one',10,21600000000,0,5,NULL,'enabled','','2026-11-27 09:00:00','2026-11-30 01:00:00','2026-11-30 01:00:00','2026-11-27 09:00:00',0,NULL,'','',1,8,4,1,4,4,1,9,NULL);
INSERT INTO "schedules_schedule" VALUES(5,'pv-yield','https://git.example.org/group/pv-yield.git','other','main','a41f9c2b7d5e4f60918273645aabbccddeeff001','Tune warm-up','Ada','2026-11-27 04:58:00','MLproject','name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
','train','{"epochs": "40", "lr": "0.0008"}','hpc/unicore.yaml','Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
','Site A','acc_sol','gpu',4,4,16,1800000000,'51741831337a44679107b0a098c80c05','check of the inverter data','2026-11-27 09:00:00','2026-11-27 09:00:00',1,'*/20 8-18 * * *','Europe/Berlin',NULL,'same','skip','one',10,21600000000,0,5,NULL,'enabled','','2026-11-27 09:00:00','2026-11-27 09:20:00','2026-11-27 09:20:00','2026-11-27 09:00:00',0,NULL,'','',1,8,4,1,4,5,1,9,NULL);
INSERT INTO "schedules_schedule" VALUES(6,'ice-cover','https://git.example.org/group/ice-cover.git','other','main','67217260c000d82a2a1017d9baba735198b0cc8f','Count the ice','Ada','2023-11-14 22:14:20','MLproject','name: ice-cover
entry_points:
  main:
    parameters:
      year: {type: int, default: 2026}
    command: "echo cover of {year}"
','main','{"year": "2025"}','unicore.yaml','Resources:
  Queue: batch
  Runtime: 10min
  Nodes: 1
  CPUsPerNode: 1
','Polar cluster','demo','batch',1,1,1,600000000,'dafde6a4ebf84ea28976e984d27a4d58','each morning','2026-11-27 09:00:00','2026-11-27 09:00:00',1,'30 6 * * *','Europe/Oslo',NULL,'same','skip','one',10,21600000000,0,5,NULL,'enabled','','2026-11-27 09:00:00','2026-11-28 05:30:00','2026-11-28 05:30:00','2026-11-27 09:00:00',0,'2026-11-27 05:30:00','skipped','As it was yesterday.',5,9,8,3,8,6,6,14,NULL);
INSERT INTO "schedules_schedule" VALUES(7,'ice-cover','https://git.example.org/group/ice-cover.git','other','main','67217260c000d82a2a1017d9baba735198b0cc8f','Count the ice','Ada','2023-11-14 22:14:20','MLproject','name: ice-cover
entry_points:
  main:
    parameters:
      year: {type: int, default: 2026}
    command: "echo cover of {year}"
','main','{"year": "2025"}','unicore.yaml','Resources:
  Queue: batch
  Runtime: 10min
  Nodes: 1
  CPUsPerNode: 1
','Polar cluster','demo','batch',1,1,1,600000000,'fbd7e6368cec4d9498ebdbfb2fc7b2d6','with the newest code','2026-11-27 09:00:00','2026-11-27 09:00:00',1,'30 6 * * *','Europe/Oslo','2126-01-01','newest','cancel','all',10,21600000000,0,5,3,'enabled','','2026-11-27 09:00:00','2026-11-28 05:30:00','2026-11-28 05:30:00','2026-11-27 09:00:00',0,'2026-11-27 05:30:00','missed','As it was yesterday.',5,9,8,3,8,7,6,14,NULL);
INSERT INTO "schedules_schedule" VALUES(8,'ice-cover','https://git.example.org/group/ice-cover.git','other','main','67217260c000d82a2a1017d9baba735198b0cc8f','Count the ice','Ada','2023-11-14 22:14:20','MLproject','name: ice-cover
entry_points:
  main:
    parameters:
      year: {type: int, default: 2026}
    command: "echo cover of {year}"
','main','{"year": "2025"}','unicore.yaml','Resources:
  Queue: batch
  Runtime: 10min
  Nodes: 1
  CPUsPerNode: 1
','Polar cluster','demo','batch',1,1,1,600000000,'a5a05f3697b047c185c4a74cb4957653','beside each other','2026-11-27 09:00:00','2026-11-27 09:00:00',1,'30 6 * * *','Europe/Oslo',NULL,'same','allow','skip',10,21600000000,600,5,NULL,'enabled','','2026-11-27 09:00:00','2026-11-28 05:30:00','2026-11-28 05:30:30','2026-11-27 09:00:00',0,'2026-11-27 05:30:00','held','As it was yesterday.',5,9,8,3,8,8,6,14,NULL);
CREATE TABLE "schedules_slot" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "due_at" datetime NOT NULL, "outcome" varchar(8) NOT NULL, "reason" text NOT NULL, "recorded_at" datetime NOT NULL, "awaits_end" bool NOT NULL, "asked_by_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "run_id" bigint NULL UNIQUE REFERENCES "runs_run" ("id") DEFERRABLE INITIALLY DEFERRED, "schedule_id" bigint NOT NULL REFERENCES "schedules_schedule" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "slot_outcome_known" CHECK ("outcome" IN ('fired', 'skipped', 'missed', 'held', 'refused')), CONSTRAINT "slot_only_fired_has_run" CHECK (("outcome" = 'fired' OR (NOT "awaits_end" AND "run_id" IS NULL))));
INSERT INTO "schedules_slot" VALUES(1,'2026-11-27 01:30:00','fired','Started on time.','2026-11-27 09:00:00',0,NULL,9,1);
INSERT INTO "schedules_slot" VALUES(2,'2026-11-26 01:30:00','missed','Mantik was not running; it was back 7 h later. That is longer than 6 h, up to which it is made up for.','2026-11-27 09:00:00',0,NULL,NULL,1);
INSERT INTO "schedules_slot" VALUES(3,'2026-11-25 01:30:00','skipped','Skipped: the run 8f1c0a2e, which it had started before, was still active.','2026-11-27 09:00:00',0,NULL,NULL,1);
INSERT INTO "schedules_slot" VALUES(4,'2026-11-24 01:30:00','held','It was paused.','2026-11-27 09:00:00',0,NULL,NULL,1);
INSERT INTO "schedules_slot" VALUES(5,'2026-11-23 01:30:00','refused','The secret of the connection site-a has ended. Its owner can replace it under Settings > Connections.','2026-11-27 09:00:00',0,NULL,NULL,1);
INSERT INTO "schedules_slot" VALUES(6,'2026-11-22 01:30:00','fired','Started 3 min late: Mantik was not running at that time.','2026-11-27 09:00:00',0,NULL,NULL,1);
CREATE TABLE "socialaccount_socialaccount" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "provider" varchar(200) NOT NULL, "uid" varchar(191) NOT NULL, "last_login" datetime NOT NULL, "date_joined" datetime NOT NULL, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "extra_data" text NOT NULL CHECK ((JSON_VALID("extra_data") OR "extra_data" IS NULL)));
INSERT INTO "socialaccount_socialaccount" VALUES(1,'provider','sefa-4711','2026-11-27 09:00:00','2026-11-27 09:00:00',9,'{"sub": "sefa-4711"}');
CREATE TABLE "socialaccount_socialapp" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "provider" varchar(30) NOT NULL, "name" varchar(40) NOT NULL, "client_id" varchar(191) NOT NULL, "secret" varchar(191) NOT NULL, "key" varchar(191) NOT NULL, "provider_id" varchar(200) NOT NULL, "settings" text NOT NULL CHECK ((JSON_VALID("settings") OR "settings" IS NULL)));
CREATE TABLE "socialaccount_socialtoken" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "token" text NOT NULL, "token_secret" text NOT NULL, "expires_at" datetime NULL, "account_id" integer NOT NULL REFERENCES "socialaccount_socialaccount" ("id") DEFERRABLE INITIALLY DEFERRED, "app_id" integer NULL REFERENCES "socialaccount_socialapp" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "tokens_personalaccesstoken" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uuid" char(32) NOT NULL UNIQUE, "name" varchar(80) NOT NULL, "scope" varchar(8) NOT NULL, "prefix" varchar(16) NOT NULL UNIQUE, "digest" varchar(64) NOT NULL, "key_id" varchar(8) NOT NULL, "created_at" datetime NOT NULL, "expires_at" datetime NOT NULL, "last_used_at" datetime NULL, "revoked_at" datetime NULL, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "access_token_scope_known" CHECK ("scope" IN ('read', 'submit', 'admin')));
INSERT INTO "tokens_personalaccesstoken" VALUES(1,'1e4e8e1eced8415fb91cc1905195e56d','ci','submit','eb8bec474b','5112656016179077a8b9c8feb1c928e19501c0c318a9125a7317469253bc6108','cfe8aa02','2026-11-15 09:00:00','2026-11-25 09:00:00',NULL,NULL,3);
INSERT INTO "tokens_personalaccesstoken" VALUES(2,'6a65d3c338db4892b50425ef20107fb5','old laptop','admin','1551e9606a','3db3943415e976207f1f40a7a814e46f56fc5a2802625cc6ad244867402b8bf9','cfe8aa02','2026-11-15 09:00:00','2026-12-27 09:00:00',NULL,'2026-11-27 09:00:00',3);
INSERT INTO "tokens_personalaccesstoken" VALUES(3,'225364e1927c46058470b66cc9328f2e','notebook','read','c82629f7d6','4a4bb47bbbc4afcbaf6b76757dddc08b6a11e6fdbb6684e26cde5b199dcc07d4','cfe8aa02','2026-11-15 09:00:00','2026-12-27 09:00:00','2026-11-27 08:53:00',NULL,3);
INSERT INTO "tokens_personalaccesstoken" VALUES(4,'e56d58b904f1419799cb14529df7a3eb','notebook','read','874948545b','c17371121720d63fa337650c14d10fd08dd18722153fcf1d970dddfab8655e1b','cfe8aa02','2026-11-27 09:00:00','2126-01-01 00:00:00',NULL,NULL,8);
CREATE UNIQUE INDEX "django_content_type_app_label_model_76bd3d3b_uniq" ON "django_content_type" ("app_label", "model");
CREATE UNIQUE INDEX "auth_group_permissions_group_id_permission_id_0cd325b0_uniq" ON "auth_group_permissions" ("group_id", "permission_id");
CREATE INDEX "auth_group_permissions_group_id_b120cbf9" ON "auth_group_permissions" ("group_id");
CREATE INDEX "auth_group_permissions_permission_id_84c5c92e" ON "auth_group_permissions" ("permission_id");
CREATE UNIQUE INDEX "auth_permission_content_type_id_codename_01ab375a_uniq" ON "auth_permission" ("content_type_id", "codename");
CREATE INDEX "auth_permission_content_type_id_2f476e4b" ON "auth_permission" ("content_type_id");
CREATE UNIQUE INDEX "accounts_user_groups_user_id_group_id_59c0b32f_uniq" ON "accounts_user_groups" ("user_id", "group_id");
CREATE INDEX "accounts_user_groups_user_id_52b62117" ON "accounts_user_groups" ("user_id");
CREATE INDEX "accounts_user_groups_group_id_bd11a704" ON "accounts_user_groups" ("group_id");
CREATE UNIQUE INDEX "accounts_user_user_permissions_user_id_permission_id_2ab516c2_uniq" ON "accounts_user_user_permissions" ("user_id", "permission_id");
CREATE INDEX "accounts_user_user_permissions_user_id_e4f0a161" ON "accounts_user_user_permissions" ("user_id");
CREATE INDEX "accounts_user_user_permissions_permission_id_113bb443" ON "accounts_user_user_permissions" ("permission_id");
CREATE INDEX "accounts_session_expire_date_5bbfba7c" ON "accounts_session" ("expire_date");
CREATE INDEX "accounts_session_user_id_d5aaed01" ON "accounts_session" ("user_id");
CREATE INDEX "account_emailconfirmation_email_address_id_5b7f8c58" ON "account_emailconfirmation" ("email_address_id");
CREATE UNIQUE INDEX "account_emailaddress_user_id_email_987c8728_uniq" ON "account_emailaddress" ("user_id", "email");
CREATE UNIQUE INDEX "unique_verified_email" ON "account_emailaddress" ("email") WHERE "verified";
CREATE INDEX "account_emailaddress_user_id_2c513194" ON "account_emailaddress" ("user_id");
CREATE INDEX "account_emailaddress_email_03be32b2" ON "account_emailaddress" ("email");
CREATE UNIQUE INDEX "unique_primary_email" ON "account_emailaddress" ("user_id", "primary") WHERE "primary";
CREATE INDEX "django_admin_log_content_type_id_c4bce8eb" ON "django_admin_log" ("content_type_id");
CREATE INDEX "django_admin_log_user_id_c564eba6" ON "django_admin_log" ("user_id");
CREATE INDEX "audit_auditevent_happened_at_8e29f144" ON "audit_auditevent" ("happened_at");
CREATE INDEX "audit_auditevent_actor_id_270bb4b7" ON "audit_auditevent" ("actor_id");
CREATE INDEX "audit_event_of_project" ON "audit_auditevent" ("project_uuid", "id" DESC);
CREATE INDEX "audit_event_of_target" ON "audit_auditevent" ("target_uuid", "id" DESC);
CREATE UNIQUE INDEX "site_name_unique" ON "connections_site" ((LOWER("name"))) WHERE "added_by_id" IS NULL;
CREATE UNIQUE INDEX "site_base_url_unique" ON "connections_site" ("base_url") WHERE "added_by_id" IS NULL;
CREATE UNIQUE INDEX "site_name_unique_per_member" ON "connections_site" ("added_by_id", (LOWER("name")));
CREATE UNIQUE INDEX "site_base_url_unique_per_member" ON "connections_site" ("added_by_id", "base_url");
CREATE INDEX "connections_site_added_by_id_25f037b1" ON "connections_site" ("added_by_id");
CREATE UNIQUE INDEX "connection_name_unique_per_owner" ON "connections_connection" ("owner_id", (LOWER("name")));
CREATE INDEX "connections_connection_owner_id_5913232e" ON "connections_connection" ("owner_id");
CREATE INDEX "connections_connection_site_id_5547e3d7" ON "connections_connection" ("site_id");
CREATE INDEX "connection_due_for_renewal" ON "connections_connection" ("renew_at") WHERE "renew_at" IS NOT NULL;
CREATE INDEX "connection_expiry" ON "connections_connection" ("expires_at") WHERE "expires_at" IS NOT NULL;
CREATE UNIQUE INDEX "django_celery_beat_solarschedule_event_latitude_longitude_ba64999a_uniq" ON "django_celery_beat_solarschedule" ("event", "latitude", "longitude");
CREATE INDEX "django_celery_beat_periodictask_crontab_id_d3cba168" ON "django_celery_beat_periodictask" ("crontab_id");
CREATE INDEX "django_celery_beat_periodictask_interval_id_a8ca27da" ON "django_celery_beat_periodictask" ("interval_id");
CREATE INDEX "django_celery_beat_periodictask_solar_id_a87ce72c" ON "django_celery_beat_periodictask" ("solar_id");
CREATE INDEX "django_celery_beat_periodictask_clocked_id_47a69f82" ON "django_celery_beat_periodictask" ("clocked_id");
CREATE UNIQUE INDEX "idempotency_key_unique" ON "idempotency_idempotencykey" ("user_id", "kind", "digest");
CREATE INDEX "idempotency_idempotencykey_created_at_5a785c17" ON "idempotency_idempotencykey" ("created_at");
CREATE INDEX "idempotency_idempotencykey_user_id_4adbdad0" ON "idempotency_idempotencykey" ("user_id");
CREATE INDEX "mfa_authenticator_user_id_0c3a50c0" ON "mfa_authenticator" ("user_id");
CREATE UNIQUE INDEX "unique_authenticator_type" ON "mfa_authenticator" ("user_id", "type") WHERE "type" IN ('totp', 'recovery_codes');
CREATE INDEX "notices_letter_next_attempt_at_d4c00982" ON "notices_letter" ("next_attempt_at");
CREATE UNIQUE INDEX "notice_once_per_key" ON "notices_notice" ("user_id", "key") WHERE NOT ("key" = '');
CREATE INDEX "notices_notice_user_id_62c74e71" ON "notices_notice" ("user_id");
CREATE INDEX "notice_of_user" ON "notices_notice" ("user_id", "id" DESC);
CREATE INDEX "notice_unread" ON "notices_notice" ("user_id") WHERE "read_at" IS NULL;
CREATE UNIQUE INDEX "label_name_unique" ON "projects_label" ((LOWER("name")));
CREATE UNIQUE INDEX "projects_project_labels_project_id_label_id_55317a76_uniq" ON "projects_project_labels" ("project_id", "label_id");
CREATE INDEX "projects_project_labels_project_id_c62dbf7f" ON "projects_project_labels" ("project_id");
CREATE INDEX "projects_project_labels_label_id_6604c812" ON "projects_project_labels" ("label_id");
CREATE INDEX "projects_formeraddress_project_id_19fd7218" ON "projects_formeraddress" ("project_id");
CREATE INDEX "projects_experiment_created_by_id_2d451c22" ON "projects_experiment" ("created_by_id");
CREATE INDEX "projects_experiment_project_id_2a13ab3b" ON "projects_experiment" ("project_id");
CREATE INDEX "projects_coderepository_connection_id_b3cce820" ON "projects_coderepository" ("connection_id");
CREATE INDEX "projects_coderepository_created_by_id_d3844777" ON "projects_coderepository" ("created_by_id");
CREATE INDEX "projects_coderepository_project_id_2aaa733e" ON "projects_coderepository" ("project_id");
CREATE INDEX "projects_usergroup_created_by_id_fd6e861d" ON "projects_usergroup" ("created_by_id");
CREATE INDEX "projects_groupmember_user_id_c4d7b6f1" ON "projects_groupmember" ("user_id");
CREATE INDEX "projects_groupmember_group_id_95215306" ON "projects_groupmember" ("group_id");
CREATE INDEX "project_public_list" ON "projects_project" ("id" DESC) WHERE "is_public";
CREATE UNIQUE INDEX "membership_unique" ON "projects_membership" ("project_id", "user_id");
CREATE INDEX "projects_membership_user_id_13374535" ON "projects_membership" ("user_id");
CREATE INDEX "projects_membership_project_id_5f65bf3f" ON "projects_membership" ("project_id");
CREATE UNIQUE INDEX "invitation_one_open_per_person" ON "projects_invitation" ("project_id", "user_id") WHERE "state" = 'open';
CREATE UNIQUE INDEX "invitation_one_open_per_address" ON "projects_invitation" ("project_id", "email") WHERE ("state" = 'open' AND NOT ("email" = ''));
CREATE INDEX "projects_invitation_invited_by_id_0764808d" ON "projects_invitation" ("invited_by_id");
CREATE INDEX "projects_invitation_user_id_c2dfa1b0" ON "projects_invitation" ("user_id");
CREATE INDEX "projects_invitation_project_id_344791e0" ON "projects_invitation" ("project_id");
CREATE INDEX "invitation_of_address" ON "projects_invitation" ("email") WHERE NOT ("email" = '');
CREATE INDEX "experiment_rename_due" ON "projects_experiment" ("rename_due_at") WHERE "rename_due_at" IS NOT NULL;
CREATE UNIQUE INDEX "experiment_name_unique_per_project" ON "projects_experiment" ("project_id", (LOWER("name")));
CREATE INDEX "code_repository_fetch_due" ON "projects_coderepository" ("fetch_requested_at") WHERE "fetch_requested_at" IS NOT NULL;
CREATE UNIQUE INDEX "code_repository_name_unique_per_project" ON "projects_coderepository" ("project_id", (LOWER("name")));
CREATE UNIQUE INDEX "user_group_name_unique" ON "projects_usergroup" ((LOWER("name")));
CREATE UNIQUE INDEX "group_membership_unique" ON "projects_groupmembership" ("project_id", "group_id");
CREATE INDEX "projects_groupmembership_project_id_38e908d2" ON "projects_groupmembership" ("project_id");
CREATE INDEX "projects_groupmembership_group_id_a0faf2d6" ON "projects_groupmembership" ("group_id");
CREATE UNIQUE INDEX "group_member_unique" ON "projects_groupmember" ("group_id", "user_id");
CREATE INDEX "runs_retiredmodel_check_at_c920ae23" ON "runs_retiredmodel" ("check_at");
CREATE INDEX "runs_runevent_actor_id_104c5df7" ON "runs_runevent" ("actor_id");
CREATE INDEX "runs_runevent_run_id_8bd13aa7" ON "runs_runevent" ("run_id");
CREATE INDEX "runs_runlogchunk_run_id_e9479f23" ON "runs_runlogchunk" ("run_id");
CREATE INDEX "runs_modelaliaschange_by_id_042b68f0" ON "runs_modelaliaschange" ("by_id");
CREATE INDEX "runs_modelaliaschange_project_id_be473ae0" ON "runs_modelaliaschange" ("project_id");
CREATE INDEX "model_alias_history" ON "runs_modelaliaschange" ("project_id", "id" DESC);
CREATE UNIQUE INDEX "model_alias_unique" ON "runs_modelalias" ("project_id", "alias");
CREATE INDEX "runs_modelalias_project_id_604b7bb6" ON "runs_modelalias" ("project_id");
CREATE INDEX "runs_modelalias_set_by_id_7a554522" ON "runs_modelalias" ("set_by_id");
CREATE INDEX "runs_modelalias_model_id_827a0b56" ON "runs_modelalias" ("model_id");
CREATE INDEX "runs_run_cancel_requested_by_id_524f2ee4" ON "runs_run" ("cancel_requested_by_id");
CREATE INDEX "runs_run_code_repository_id_89c68ace" ON "runs_run" ("code_repository_id");
CREATE INDEX "runs_run_connection_id_37d54fb0" ON "runs_run" ("connection_id");
CREATE INDEX "runs_run_created_by_id_f5dec0c1" ON "runs_run" ("created_by_id");
CREATE INDEX "runs_run_experiment_id_017d27a6" ON "runs_run" ("experiment_id");
CREATE INDEX "runs_run_project_id_f1a383ab" ON "runs_run" ("project_id");
CREATE INDEX "run_list" ON "runs_run" ("project_id", "id" DESC);
CREATE INDEX "run_list_by_state" ON "runs_run" ("project_id", "state", "id" DESC);
CREATE INDEX "run_list_by_experiment" ON "runs_run" ("project_id", "experiment_id", "id" DESC);
CREATE INDEX "run_list_by_member" ON "runs_run" ("project_id", "created_by_id", "id" DESC);
CREATE INDEX "run_ended" ON "runs_run" ("project_id", "ended_at");
CREATE INDEX "run_submission_due" ON "runs_run" ("next_attempt_at") WHERE "state" IN ('PENDING', 'SUBMITTING');
CREATE INDEX "run_poll_due" ON "runs_run" ("next_poll_at") WHERE "next_poll_at" IS NOT NULL;
CREATE UNIQUE INDEX "run_job_url_unique" ON "runs_run" ("job_url") WHERE NOT ("job_url" = '');
CREATE UNIQUE INDEX "registered_model_name_unique" ON "runs_registeredmodel" ("project_id", (LOWER("name")));
CREATE INDEX "runs_registeredmodel_created_by_id_62a2b320" ON "runs_registeredmodel" ("created_by_id");
CREATE INDEX "runs_registeredmodel_project_id_941910a6" ON "runs_registeredmodel" ("project_id");
CREATE INDEX "runs_registeredmodel_unregister_requested_by_id_cc8dfefc" ON "runs_registeredmodel" ("unregister_requested_by_id");
CREATE INDEX "registered_model_list" ON "runs_registeredmodel" ("project_id", "id" DESC);
CREATE INDEX "registered_model_due" ON "runs_registeredmodel" ("next_attempt_at") WHERE "next_attempt_at" IS NOT NULL;
CREATE INDEX "run_event_of_run" ON "runs_runevent" ("run_id", "id");
CREATE UNIQUE INDEX "run_log_chunk_unique" ON "runs_runlogchunk" ("run_id", "offset");
CREATE UNIQUE INDEX "schedule_name_unique" ON "schedules_schedule" ("project_id", (LOWER("name")));
CREATE INDEX "schedules_schedule_code_repository_id_9c19eaf0" ON "schedules_schedule" ("code_repository_id");
CREATE INDEX "schedules_schedule_connection_id_655876d1" ON "schedules_schedule" ("connection_id");
CREATE INDEX "schedules_schedule_created_by_id_7a808dd9" ON "schedules_schedule" ("created_by_id");
CREATE INDEX "schedules_schedule_experiment_id_febf06da" ON "schedules_schedule" ("experiment_id");
CREATE INDEX "schedules_schedule_last_edited_by_id_c43fef08" ON "schedules_schedule" ("last_edited_by_id");
CREATE INDEX "schedules_schedule_project_id_6374297e" ON "schedules_schedule" ("project_id");
CREATE INDEX "schedules_schedule_run_id_541b5836" ON "schedules_schedule" ("run_id");
CREATE INDEX "schedules_schedule_state_changed_by_id_c19c6e27" ON "schedules_schedule" ("state_changed_by_id");
CREATE INDEX "schedule_due" ON "schedules_schedule" ("next_fire_at") WHERE "state" = 'enabled';
CREATE UNIQUE INDEX "slot_unique" ON "schedules_slot" ("schedule_id", "due_at");
CREATE INDEX "schedules_slot_asked_by_id_76d71137" ON "schedules_slot" ("asked_by_id");
CREATE INDEX "schedules_slot_schedule_id_2ac52446" ON "schedules_slot" ("schedule_id");
CREATE INDEX "slot_ledger_by_outcome" ON "schedules_slot" ("schedule_id", "outcome", "due_at" DESC);
CREATE INDEX "slot_open" ON "schedules_slot" ("schedule_id") WHERE "awaits_end";
CREATE UNIQUE INDEX "socialaccount_socialtoken_app_id_account_id_fca4e0ac_uniq" ON "socialaccount_socialtoken" ("app_id", "account_id");
CREATE INDEX "socialaccount_socialtoken_account_id_951f210e" ON "socialaccount_socialtoken" ("account_id");
CREATE INDEX "socialaccount_socialtoken_app_id_636a42d7" ON "socialaccount_socialtoken" ("app_id");
CREATE UNIQUE INDEX "socialaccount_socialaccount_provider_uid_fc810c6e_uniq" ON "socialaccount_socialaccount" ("provider", "uid");
CREATE INDEX "socialaccount_socialaccount_user_id_8146e70c" ON "socialaccount_socialaccount" ("user_id");
CREATE UNIQUE INDEX "access_token_name_unique_while_valid" ON "tokens_personalaccesstoken" ("user_id", (LOWER("name"))) WHERE "revoked_at" IS NULL;
CREATE INDEX "tokens_personalaccesstoken_user_id_cf615aa7" ON "tokens_personalaccesstoken" ("user_id");
CREATE INDEX "cache_expires" ON "cache" ("expires");
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('django_migrations',65);
INSERT INTO "sqlite_sequence" VALUES('django_content_type',46);
INSERT INTO "sqlite_sequence" VALUES('auth_permission',184);
INSERT INTO "sqlite_sequence" VALUES('auth_group',1);
INSERT INTO "sqlite_sequence" VALUES('accounts_user',19);
INSERT INTO "sqlite_sequence" VALUES('account_emailaddress',19);
INSERT INTO "sqlite_sequence" VALUES('django_admin_log',1);
INSERT INTO "sqlite_sequence" VALUES('connections_connection',9);
INSERT INTO "sqlite_sequence" VALUES('django_celery_beat_periodictask',22);
INSERT INTO "sqlite_sequence" VALUES('django_celery_beat_crontabschedule',8);
INSERT INTO "sqlite_sequence" VALUES('mfa_authenticator',3);
INSERT INTO "sqlite_sequence" VALUES('projects_groupmember',12);
INSERT INTO "sqlite_sequence" VALUES('projects_membership',7);
INSERT INTO "sqlite_sequence" VALUES('projects_invitation',10);
INSERT INTO "sqlite_sequence" VALUES('projects_groupmembership',5);
INSERT INTO "sqlite_sequence" VALUES('runs_run',15);
INSERT INTO "sqlite_sequence" VALUES('runs_registeredmodel',5);
INSERT INTO "sqlite_sequence" VALUES('schedules_schedule',8);
INSERT INTO "sqlite_sequence" VALUES('schedules_slot',6);
INSERT INTO "sqlite_sequence" VALUES('socialaccount_socialapp',0);
INSERT INTO "sqlite_sequence" VALUES('socialaccount_socialtoken',0);
INSERT INTO "sqlite_sequence" VALUES('socialaccount_socialaccount',1);
INSERT INTO "sqlite_sequence" VALUES('projects_project',6);
INSERT INTO "sqlite_sequence" VALUES('projects_usergroup',5);
INSERT INTO "sqlite_sequence" VALUES('audit_auditevent',21);
INSERT INTO "sqlite_sequence" VALUES('notices_notice',7);
INSERT INTO "sqlite_sequence" VALUES('notices_letter',6);
INSERT INTO "sqlite_sequence" VALUES('projects_label',4);
INSERT INTO "sqlite_sequence" VALUES('projects_project_labels',4);
INSERT INTO "sqlite_sequence" VALUES('projects_experiment',5);
INSERT INTO "sqlite_sequence" VALUES('projects_coderepository',9);
INSERT INTO "sqlite_sequence" VALUES('connections_site',4);
INSERT INTO "sqlite_sequence" VALUES('tokens_personalaccesstoken',4);
INSERT INTO "sqlite_sequence" VALUES('runs_runlogchunk',9);
INSERT INTO "sqlite_sequence" VALUES('runs_modelaliaschange',2);
INSERT INTO "sqlite_sequence" VALUES('runs_modelalias',2);
INSERT INTO "sqlite_sequence" VALUES('runs_runevent',17);
INSERT INTO "sqlite_sequence" VALUES('projects_formeraddress',1);
INSERT INTO "sqlite_sequence" VALUES('idempotency_idempotencykey',2);
INSERT INTO "sqlite_sequence" VALUES('accounts_factorsecret',2);
INSERT INTO "sqlite_sequence" VALUES('projects_retiredexperiment',1);
INSERT INTO "sqlite_sequence" VALUES('runs_retiredmodel',1);
INSERT INTO "sqlite_sequence" VALUES('auth_group_permissions',46);
INSERT INTO "sqlite_sequence" VALUES('accounts_user_groups',1);
INSERT INTO "sqlite_sequence" VALUES('accounts_user_user_permissions',1);
INSERT INTO "sqlite_sequence" VALUES('django_celery_beat_intervalschedule',9);
INSERT INTO "sqlite_sequence" VALUES('django_celery_beat_solarschedule',1);
INSERT INTO "sqlite_sequence" VALUES('django_celery_beat_clockedschedule',1);
COMMIT;
