-- customers.sql: sample data for a first look: workers, teams, numbers, customers in many scripts, templates, routing.
--
--   psql -1 -v ON_ERROR_STOP=1 -f customers.sql        (as frontline_dba, or as the owner)
--
-- Loading it again changes nothing.  Telephone numbers are from ranges kept for fiction and documentation: 555-01xx in North
-- America, 07700 900xxx in Britain, 06 39 98 xx xx in France, 070-174 06 xx in Sweden, 0491 570 xxx in Australia,
-- 0171 39200xx in Germany, 020 91 0xxx in Ireland; +1 500 555 0006 is Twilio's own test number.

INSERT INTO frontline.worker (identity, friendly_name, avatar, is_available, capacity, time_zone) VALUES
  ('ana@example.com', 'Ana Lindqvist', 'https://cdn.example.net/w/ana.png', true,  20,   'Europe/Stockholm'),
  ('ben',             'Ben Okoro',     NULL,                                true,  NULL, 'Europe/London'),
  ('chloé',           'Chloé Martin',  NULL,                                false, 10,   'Europe/Paris'),
  ('dmitri@example.com', 'Dmitri Volkov', NULL,                             true,  5,    'America/New_York')
ON CONFLICT (identity) DO NOTHING;
INSERT INTO frontline.worker (identity, friendly_name, state) VALUES ('eva.left@example.com', 'Eva (left)', 'deactivated')
ON CONFLICT (identity) DO NOTHING;

INSERT INTO frontline.team (name, time_zone) VALUES ('Nordics', 'Europe/Stockholm'), ('Support', 'UTC'), ('Paris', 'Europe/Paris')
ON CONFLICT (name) DO NOTHING;

INSERT INTO frontline.team_worker (team_id, worker_id)
SELECT t.team_id, w.worker_id
  FROM (VALUES ('Nordics', 'ana@example.com'), ('Nordics', 'ben'), ('Support', 'ana@example.com'), ('Support', 'chloé'),
               ('Support', 'dmitri@example.com'), ('Paris', 'chloé')) v (team, worker)
  JOIN frontline.team t ON t.name = v.team
  JOIN frontline.worker w ON w.identity = v.worker
ON CONFLICT DO NOTHING;

INSERT INTO frontline.working_hours (team_id, weekday, opens, closes)
SELECT t.team_id, d, '08:00', '17:00' FROM frontline.team t, generate_series(1, 5) d WHERE t.name = 'Nordics'
ON CONFLICT DO NOTHING;

-- external id | display name | first | last | company | language | zone | owner | team | sms | whatsapp
INSERT INTO frontline.customer (source, external_id, display_name, first_name, last_name, company_name, avatar, language, time_zone,
                                details_title, details_content, owner_id, team_id)
SELECT 'sample', v.id, v.display_name, v.first_name, v.last_name, v.company,
       CASE WHEN v.n % 3 = 1 THEN 'https://cdn.example.net/a/' || lower(v.id) || '.png' END, v.language, v.zone,
       CASE WHEN v.n % 2 = 1 THEN 'Account' END,
       CASE WHEN v.n % 2 = 1 THEN 'Tier: ' || (ARRAY['gold', 'silver', 'bronze'])[1 + v.n % 3] || E'\nCustomer since: ' || 2005 + v.n % 18 END,
       w.worker_id, t.team_id
  FROM (VALUES
    ( 1, 'S-001', 'Łukasz Wróbel',          'Łukasz',  'Wróbel',      'Wróbel Transport',  'pl',    'Europe/Warsaw',       'ana@example.com', NULL),
    ( 2, 'S-002', 'Ines Okafor',            'Ines',    'Okafor',      NULL,                'en',    'America/New_York',    'ana@example.com', NULL),
    ( 3, 'S-003', 'Åsa Öberg',              'Åsa',     'Öberg',       'Öberg & Döttrar AB', 'sv',   'Europe/Stockholm',    'ana@example.com', NULL),
    ( 4, 'S-004', 'Zoë van der Berg',       'Zoë',     'van der Berg', NULL,               'nl',    'Europe/Amsterdam',    'ana@example.com', NULL),
    ( 5, 'S-005', 'Jürgen Groß',            'Jürgen',  'Groß',        'Groß Bäckerei',     'de',    'Europe/Berlin',       'ana@example.com', NULL),
    ( 6, 'S-006', 'Ελένη Παπαδοπούλου',     'Ελένη',   'Παπαδοπούλου', NULL,               'el',    'Europe/Athens',       'ana@example.com', NULL),
    ( 7, 'S-007', 'Нина Кузнецова',         'Нина',    'Кузнецова',   NULL,                'ru',    'Europe/Riga',         'ana@example.com', NULL),
    ( 8, 'S-008', '田中 陽子',               '陽子',    '田中',        '田中商店',           'ja',    'Asia/Tokyo',          'ana@example.com', NULL),
    ( 9, 'S-009', '김민준',                  '민준',    '김',          NULL,                'ko',    'Asia/Seoul',          'ana@example.com', NULL),
    (10, 'S-010', '王小明',                  '小明',    '王',          NULL,                'zh-Hant-TW', 'Asia/Taipei',    'ana@example.com', NULL),
    (11, 'S-011', 'فاطمة الزهراء',           'فاطمة',   'الزهراء',     NULL,                'ar',    'Africa/Casablanca',   'ana@example.com', NULL),
    (12, 'S-012', 'דוד כהן',                 'דוד',     'כהן',         NULL,                'he',    'Asia/Jerusalem',      'ana@example.com', NULL),
    (13, 'S-013', 'प्रिया शर्मा',              'प्रिया',    'शर्मा',        NULL,                'hi',    'Asia/Kolkata',        'ana@example.com', NULL),
    (14, 'S-014', 'สมชาย ใจดี',              'สมชาย',   'ใจดี',        NULL,                'th',    'Asia/Bangkok',        'ana@example.com', NULL),
    (15, 'S-015', 'Nguyễn Thị Ngọc',        'Ngọc',    'Nguyễn',      NULL,                'vi',    'Asia/Ho_Chi_Minh',    'ana@example.com', NULL),
    (16, 'S-016', 'João Gonçalves',         'João',    'Gonçalves',   'Padaria Sol',       'pt-BR', 'America/Sao_Paulo',   'ana@example.com', NULL),
    (17, 'S-017', 'Sofía Núñez',            'Sofía',   'Núñez',       NULL,                'es',    'Europe/Madrid',       'ana@example.com', NULL),
    (18, 'S-018', 'François Lefèvre',       'François', 'Lefèvre',    'Lefèvre et Fils',   'fr',    'Europe/Paris',        'ana@example.com', NULL),
    (19, 'S-019', 'Søren Kjær',             'Søren',   'Kjær',        NULL,                'da',    'Europe/Copenhagen',   'ana@example.com', NULL),
    (20, 'S-020', 'Bjørn Ødegård',          'Bjørn',   'Ødegård',     'Ødegård Rør AS',    'nb',    'Europe/Oslo',         'ana@example.com', NULL),
    (21, 'S-021', 'Þórdís Jónsdóttir',      'Þórdís',  'Jónsdóttir',  NULL,                'is',    'Atlantic/Reykjavik',  'ana@example.com', NULL),
    (22, 'S-022', 'Siobhán O''Brien',       'Siobhán', 'O''Brien',    NULL,                'en-IE', 'Europe/Dublin',       'ana@example.com', NULL),
    (23, 'S-023', 'Čeněk Dvořák',           'Čeněk',   'Dvořák',      NULL,                'cs',    'Europe/Prague',       'ana@example.com', NULL),
    (24, 'S-024', 'Đorđe Đukić',            'Đorđe',   'Đukić',       NULL,                'sr-Latn', 'Europe/Belgrade',   'ana@example.com', NULL),
    (25, 'S-025', 'Şebnem Işık',            'Şebnem',  'Işık',        NULL,                'tr',    'Europe/Istanbul',     'ana@example.com', NULL),
    (26, 'S-026', 'Ágnes Szőke',            'Ágnes',   'Szőke',       NULL,                'hu',    'Europe/Budapest',     'ana@example.com', NULL),
    (27, 'S-027', 'Ștefan Ionescu',         'Ștefan',  'Ionescu',     NULL,                'ro',    'Europe/Bucharest',    'ana@example.com', NULL),
    (28, 'S-028', 'Mārtiņš Bērziņš',        'Mārtiņš', 'Bērziņš',     NULL,                'lv',    'Europe/Riga',         'ana@example.com', NULL),
    (29, 'S-029', 'Emma Smith',             'Emma',    'Smith',       NULL,                'en',    'Europe/London',       'ana@example.com', NULL),
    (30, 'S-030', 'Emma Smith',             'Emma',    'Smith',       'Smith & Co',        'en',    'America/Chicago',     'ana@example.com', NULL),
    (31, 'S-031', 'Oliver Brown',           'Oliver',  'Brown',       NULL,                'en',    'Australia/Sydney',    'ana@example.com', NULL),
    (32, 'S-032', 'Grace Mbeki',            'Grace',   'Mbeki',       NULL,                'en-ZA', 'Africa/Johannesburg', 'ana@example.com', NULL),
    (33, 'S-033', 'Chinedu Eze',            'Chinedu', 'Eze',         'Eze Motors',        'en',    'Africa/Lagos',        'ana@example.com', NULL),
    (34, 'S-034', 'Aïcha Diallo',           'Aïcha',   'Diallo',      NULL,                'fr',    'Africa/Dakar',        'ana@example.com', NULL),
    (35, 'S-035', 'Mateo Fernández',        'Mateo',   'Fernández',   NULL,                'es-AR', 'America/Argentina/Buenos_Aires', 'ana@example.com', NULL),
    (36, 'S-036', 'Valentina Ruiz',         'Valentina', 'Ruiz',      NULL,                'es-MX', 'America/Mexico_City', 'ana@example.com', NULL),
    (37, 'S-037', 'Giulia D''Angelo',       'Giulia',  'D''Angelo',   'D''Angelo Vini',    'it',    'Europe/Rome',         'ana@example.com', NULL),
    (38, 'S-038', 'Hannah Weiß',            'Hannah',  'Weiß',        NULL,                'de-AT', 'Europe/Vienna',       'ana@example.com', NULL),
    (39, 'S-039', 'Mia Müller-Lüdenscheidt', 'Mia',    'Müller-Lüdenscheidt', NULL,        'de',    'Europe/Berlin',       'ana@example.com', NULL),
    (40, 'S-040', '100% Cotton_Shop',       NULL,      NULL,          '100% Cotton_Shop',  'en',    'Europe/London',       'ana@example.com', NULL),
    (41, 'S-041', '😀 Smiley Balloons',      NULL,      NULL,          'Smiley Balloons',   'en',    'America/Los_Angeles', 'ana@example.com', NULL),
    (42, 'S-042', '3D Print \ Factory',     NULL,      NULL,          '3D Print Factory',  NULL,    NULL,                  'ana@example.com', NULL),
    (43, 'S-043', 'Xanthippe Quackenbush',  'Xanthippe', 'Quackenbush', NULL,              NULL,    NULL,                  'ana@example.com', NULL),
    (44, 'S-044', 'Family Lund',            NULL,      'Lund',        NULL,                'sv',    'Europe/Stockholm',    'ana@example.com', NULL),
    (45, 'S-045', 'Elsa Lund',              'Elsa',    'Lund',        NULL,                'sv',    'Europe/Stockholm',    'ana@example.com', NULL),
    (46, 'S-046', 'Astrid Holm',            'Astrid',  'Holm',        NULL,                'sv',    'Europe/Stockholm',    NULL,              'Nordics'),
    (47, 'S-047', 'Mikkel Hansen',          'Mikkel',  'Hansen',      NULL,                'da',    'Europe/Copenhagen',   NULL,              'Nordics'),
    (48, 'S-048', 'Väinö Virtanen',         'Väinö',   'Virtanen',    'Virtanen Oy',       'fi',    'Europe/Helsinki',     NULL,              'Nordics'),
    (49, 'S-049', 'Ingrid Haugen',          'Ingrid',  'Haugen',      NULL,                'nb',    'Europe/Oslo',         'ana@example.com', 'Nordics'),
    (50, 'S-050', 'Charlotte Davies',       'Charlotte', 'Davies',    NULL,                'en-GB', 'Europe/London',       'ben', NULL),
    (51, 'S-051', 'Owen Llewellyn',         'Owen',    'Llewellyn',   NULL,                'cy',    'Europe/London',       'ben', NULL),
    (52, 'S-052', 'Amara Nwosu',            'Amara',   'Nwosu',       NULL,                'en',    'Africa/Lagos',        'ben', NULL),
    (53, 'S-053', 'Hamish MacLeod',         'Hamish',  'MacLeod',     'MacLeod Distillery', 'en-GB', 'Europe/London',      'ben', NULL),
    (54, 'S-054', 'Léa Dubois',             'Léa',     'Dubois',      NULL,                'fr',    'Europe/Paris',        'chloé', NULL),
    (55, 'S-055', 'Hugo Bernard',           'Hugo',    'Bernard',     'Bernard Frères',    'fr',    'Europe/Paris',        'chloé', NULL),
    (56, 'S-056', 'Noémie Roussel',         'Noémie',  'Roussel',     NULL,                'fr-CA', 'America/Toronto',     'chloé', NULL),
    (57, 'S-057', 'Carlos Rivera',          'Carlos',  'Rivera',      NULL,                'es',    'America/New_York',    'dmitri@example.com', NULL),
    (58, 'S-058', 'Mary-Jane Watkins',      'Mary-Jane', 'Watkins',   NULL,                'en-US', 'America/New_York',    'dmitri@example.com', NULL),
    (59, 'S-059', 'Ольга Іваненко',         'Ольга',   'Іваненко',    NULL,                'uk',    'Europe/Kyiv',         'dmitri@example.com', NULL),
    (60, 'S-060', 'Robert ''); DROP TABLE customer;--', 'Robert', NULL, NULL,               'en',    NULL,                  'dmitri@example.com', NULL),
    (61, 'S-061', 'Help desk caller',       NULL,      NULL,          NULL,                NULL,    NULL,                  NULL,              'Support'),
    (62, 'S-062', 'Walk-in, no owner yet',  NULL,      NULL,          NULL,                NULL,    NULL,                  NULL,              NULL)
  ) v (n, id, display_name, first_name, last_name, company, language, zone, owner, team)
  LEFT JOIN frontline.worker w ON w.identity = v.owner
  LEFT JOIN frontline.team t ON t.name = v.team
 ORDER BY v.n
ON CONFLICT (source, external_id) WHERE external_id IS NOT NULL DO NOTHING;

-- external id | number | also on WhatsApp | shared
INSERT INTO frontline.channel (customer_id, type, value, shared, position)
SELECT c.customer_id, k.type, k.prefix || v.number, v.shared, k.position
  FROM (VALUES
    ('S-001', '+12025550101', true, false),  ('S-002', '+14155550142', true, false),  ('S-003', '+46701740605', true, false),
    ('S-004', '+447700900104', true, false), ('S-005', '+491713920005', true, false), ('S-006', '+12025550106', true, false),
    ('S-007', '+12025550107', false, false), ('S-008', '+12025550108', true, false),  ('S-009', '+12025550109', false, false),
    ('S-010', '+12025550110', true, false),  ('S-011', '+33639980011', true, false),  ('S-012', '+12025550112', true, false),
    ('S-013', '+12025550113', true, false),  ('S-014', '+12025550114', true, false),  ('S-015', '+12025550115', true, false),
    ('S-016', '+12025550116', true, false),  ('S-017', '+12025550117', true, false),  ('S-018', '+33639980018', true, false),
    ('S-019', '+46701740619', false, false), ('S-020', '+46701740620', true, false),  ('S-021', '+12025550121', false, false),
    ('S-022', '+353209100122', true, false), ('S-023', '+12025550123', false, false), ('S-024', '+12025550124', true, false),
    ('S-025', '+12025550125', true, false),  ('S-026', '+12025550126', false, false), ('S-027', '+12025550127', true, false),
    ('S-028', '+12025550128', false, false), ('S-029', '+447700900129', true, false), ('S-030', '+13125550130', true, false),
    ('S-031', '+61491570156', true, false),  ('S-032', '+12025550132', true, false),  ('S-033', '+12025550133', true, false),
    ('S-034', '+33639980034', true, false),  ('S-035', '+12025550135', true, false),  ('S-036', '+12025550136', true, false),
    ('S-037', '+12025550137', false, false), ('S-038', '+491713920038', true, false), ('S-039', '+491713920039', false, false),
    ('S-040', '+447700900140', false, false), ('S-041', '+12135550141', false, false), ('S-042', '+447700900142', false, false),
    ('S-044', '+46701740644', false, true),  ('S-045', '+46701740644', false, true),  ('S-046', '+46701740646', true, false),
    ('S-047', '+46701740647', false, false), ('S-048', '+46701740648', true, false),  ('S-049', '+46701740649', true, false),
    ('S-050', '+447700900150', true, false), ('S-051', '+447700900151', false, false), ('S-052', '+447700900152', true, false),
    ('S-053', '+447700900153', false, false), ('S-054', '+33639980054', true, false), ('S-055', '+33639980055', false, false),
    ('S-056', '+15145550156', true, false),  ('S-057', '+12125550157', true, false),  ('S-058', '+12125550158', false, false),
    ('S-059', '+12125550159', true, false),  ('S-060', '+12125550160', false, false), ('S-061', '+12025550161', true, false)
  ) v (id, number, on_whatsapp, shared)
  JOIN frontline.customer c ON c.source = 'sample' AND c.external_id = v.id
  JOIN (VALUES ('sms', '', 0), ('whatsapp', 'whatsapp:', 1)) k (type, prefix, position) ON k.type = 'sms' OR v.on_whatsapp
ON CONFLICT DO NOTHING;

INSERT INTO frontline.link (customer_id, position, type, value, display_name)
SELECT c.customer_id, l.position, l.type, l.value, l.display_name
  FROM frontline.customer c
  CROSS JOIN LATERAL (VALUES
    (0, 'CRM', 'https://crm.example.net/contacts/' || c.external_id, 'Open in CRM'),
    (1, 'Email', 'mailto:' || lower(c.external_id) || '@example.org', 'Write an e-mail')) l (position, type, value, display_name)
 WHERE c.source = 'sample' AND c.external_id <= 'S-020'
ON CONFLICT DO NOTHING;

INSERT INTO frontline.consent_event (channel_type, match_key, state, source, evidence, occurred_at)
SELECT v.* FROM (VALUES
    ('sms', '+12025550101', 'opted_in',  'web_form', 'https://www.example.net/signup', timestamptz '2025-02-03 09:00+00'),
    ('sms', '+33639980018', 'opted_in',  'web_form', 'https://www.example.net/signup', timestamptz '2025-03-10 14:30+00'),
    ('sms', '+33639980018', 'opted_out', 'keyword',  'STOP',                           timestamptz '2025-09-21 18:05+00'),
    ('sms', '+12025550126', 'opted_out', 'keyword',  'STOP',                           timestamptz '2025-05-01 08:00+00'),
    ('sms', '+12025550126', 'opted_in',  'keyword',  'START',                          timestamptz '2025-05-02 08:00+00')
  ) v (channel_type, match_key, state, source, evidence, occurred_at)
 WHERE NOT EXISTS (SELECT FROM frontline.consent_event e
                    WHERE e.channel_type = v.channel_type AND e.match_key = v.match_key AND e.occurred_at = v.occurred_at);

INSERT INTO frontline.proxy_address (address, worker_id, team_id, position)
SELECT v.address, w.worker_id, t.team_id, v.position
  FROM (VALUES
    ('+15005550006',           NULL,  NULL,      0),
    ('+12025550190',           NULL,  NULL,      1),
    ('+447700900900',          NULL,  NULL,      2),
    ('+33639989900',           NULL,  'Paris',   3),
    ('+491713920099',          NULL,  NULL,      4),
    ('+46701740699',           NULL,  NULL,      5),
    ('+447700900901',          'ben', NULL,      6),
    ('whatsapp:+15005550006',  NULL,  NULL,      0),
    ('whatsapp:+447700900900', NULL,  NULL,      1),
    ('whatsapp:+46701740699',  NULL,  NULL,      2)
  ) v (address, worker, team, position)
  LEFT JOIN frontline.worker w ON w.identity = v.worker
  LEFT JOIN frontline.team t ON t.name = v.team
ON CONFLICT (address) DO NOTHING;

INSERT INTO frontline.template_category (display_name, position, team_id)
SELECT v.name, v.position, t.team_id
  FROM (VALUES ('Openers', 0, NULL), ('Appointments', 1, NULL), ('Closing', 2, NULL), ('Nordics only', 3, 'Nordics')) v (name, position, team)
  LEFT JOIN frontline.team t ON t.name = v.team
ON CONFLICT DO NOTHING;

INSERT INTO frontline.template (template_category_id, content, language, whatsapp_approved, content_sid, content_variables, position)
SELECT g.template_category_id, v.content, v.language, v.sid IS NOT NULL, v.sid, v.variables::jsonb, v.position
  FROM (VALUES
    ('Openers',      0, NULL, 'Hi {{first_name|there}}, this is {{worker}}. How can I help?', NULL, NULL),
    ('Openers',      1, 'en', 'Hi {{1}}, this is {{2}} from Acme. May I call you today?', 'HX00000000000000000000000000000001', '{"1": "{{first_name|there}}", "2": "{{worker}}"}'),
    ('Openers',      2, 'fr', 'Bonjour {{1}}, ici {{2}} de chez Acme. Puis-je vous appeler aujourd''hui ?', 'HX00000000000000000000000000000002', '{"1": "{{first_name|vous}}", "2": "{{worker}}"}'),
    ('Openers',      3, 'sv', 'Hej {{Name}}! Det här är {{Author}} på Acme.', NULL, NULL),
    ('Appointments', 0, 'en', 'Hello {{Name}}, your appointment is tomorrow. Reply YES to confirm. {{Author}}', NULL, NULL),
    ('Appointments', 1, 'fr', 'Bonjour {{first_name}}, votre rendez-vous est demain. Répondez OUI pour confirmer.', NULL, NULL),
    ('Appointments', 2, 'sv', 'Hej {{first_name}}, du har en tid hos oss i morgon. Svara JA för att bekräfta.', NULL, NULL),
    ('Appointments', 3, 'en', 'Your order for {{company_name|your company}} is ready, {{FirstName}} {{LastName}}.', NULL, NULL),
    ('Closing',      0, NULL, 'Thank you, {{display_name}}! {{worker}}', NULL, NULL),
    ('Nordics only', 0, 'sv', 'Tack {{first_name|}}! Hälsningar från oss på Acme Norden.', NULL, NULL)
  ) v (category, position, language, content, sid, variables)
  JOIN frontline.template_category g ON g.display_name = v.category
 WHERE NOT EXISTS (SELECT FROM frontline.template t WHERE t.template_category_id = g.template_category_id AND t.content = v.content);

-- ana is in conversation with a customer of ben's (and may therefore see him), and one conversation has nobody yet
INSERT INTO frontline.conversation (conversation_sid, customer_id, worker_id, customer_address, proxy_address, state, initiated_by,
                                    created_at, routed_at, first_reply_at, last_inbound_at, last_message_at, closed_at)
SELECT 'CH' || md5(v.id || v.proxy), c.customer_id, w.worker_id, v.address, v.proxy, v.state, v.by,
       v.at, CASE WHEN v.worker IS NOT NULL THEN v.at + interval '2 seconds' END, CASE WHEN v.worker IS NOT NULL THEN v.at + interval '5 minutes' END,
       CASE WHEN v.by = 'customer' THEN v.at END, v.at + interval '5 minutes', CASE WHEN v.state = 'closed' THEN v.at + interval '2 days' END
  FROM (VALUES
    ('S-002', '+14155550142',           '+12025550190',           'closed',   'worker',   'ana@example.com', timestamptz '2025-06-01 12:00+00'),
    ('S-003', '+46701740605',           '+46701740699',           'active',   'customer', 'ana@example.com', timestamptz '2025-10-01 08:00+00'),
    ('S-050', '+447700900150',          '+447700900901',          'active',   'worker',   'ana@example.com', timestamptz '2025-10-02 09:00+00'),
    ('S-018', 'whatsapp:+33639980018',  'whatsapp:+447700900900', 'inactive', 'customer', 'ana@example.com', timestamptz '2025-10-03 10:00+00'),
    ('S-061', '+12025550161',           '+15005550006',           'active',   'customer', NULL,              timestamptz '2025-10-04 11:00+00')
  ) v (id, address, proxy, state, by, worker, at)
  JOIN frontline.customer c ON c.source = 'sample' AND c.external_id = v.id
  LEFT JOIN frontline.worker w ON w.identity = v.worker
ON CONFLICT DO NOTHING;

INSERT INTO frontline.routing_rule (position, known_customer, open_hours, target, team_id, strategy, require_available, auto_reply)
SELECT v.position, v.known, v.hours, v.target, t.team_id, v.strategy, v.available, v.reply
  FROM (VALUES
    (10, true,  NULL::boolean, 'owner',       NULL,      NULL,          true,  NULL),
    (20, true,  NULL,          'last_worker', NULL,      NULL,          true,  NULL),
    (30, NULL,  true,          'team',        'Nordics', 'least_busy',  true,  NULL),
    (40, NULL,  NULL,          'team',        'Support', 'round_robin', false, 'Thank you. We answer within one working day.'),
    (90, NULL,  NULL,          'nobody',      NULL,      NULL,          true,  NULL)
  ) v (position, known, hours, target, team, strategy, available, reply)
  LEFT JOIN frontline.team t ON t.name = v.team
ON CONFLICT DO NOTHING;
