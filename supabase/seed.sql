-- The models everybody starts with. `style` is what the worker draws with.

insert into public.models (id, slug, name, description, kind, makes, style, cost, position)
values
  ('5d3c1e0a-0001-4000-8000-000000000001', 'aurora', 'Aurora', 'Luminous fields and soft light', 'base', array['image', 'video'],
   '{"family": "aurora", "palette": ["#0b1026", "#3f2b96", "#7c6cff", "#55b7ff", "#2fd08c", "#f6f1d1"]}', 2, 3),
  ('5d3c1e0a-0002-4000-8000-000000000002', 'gouache', 'Gouache', 'Flat shapes, paper grain, quiet colour', 'base', array['image'],
   '{"family": "gouache", "palette": ["#264653", "#2a9d8f", "#e9c46a", "#f4a261", "#e76f51", "#fefae0"]}', 2, 2),
  ('5d3c1e0a-0003-4000-8000-000000000003', 'basalt', 'Basalt', 'Terrain, fog and long exposure', 'base', array['image', 'video'],
   '{"family": "basalt", "palette": ["#0d1117", "#1f2a37", "#3d5a6c", "#8da9b4", "#d9c8a9", "#f28f3b"]}', 3, 1),
  ('5d3c1e0a-0004-4000-8000-000000000004', 'filament', 'Filament', 'Fine lines that follow a flow', 'base', array['image', 'video'],
   '{"family": "filament", "palette": ["#10002b", "#3c096c", "#9d4edd", "#ff6d00", "#ffb600", "#fff3d6"]}', 3, 4)
on conflict (id) do nothing;
