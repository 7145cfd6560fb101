"""Draws a small, flawed web of canteen food, and serves it on this machine for tests and demos.

web            the items of the web, with the truth about each, and what a query finds
file_bytes     an item's file, encoded or broken
http_server    the web on a port of this machine
responses      the reply to each path
scene          one picture: dish, table, camera and light
dishes         the thirteen dishes, by label
pasta          the four pasta dishes
mains          meat and fish
side_dishes    rice, beans, potatoes, salad and bread
garnish        herbs, lemons, sauces
table_top      table, tray, cutlery, glass, napkin, fruit
distractors    pictures that show no dish
render         strokes, camera and light as pixels
brush          strokes: rounded bodies, strands, leaves
shapes         outlines and places
"""
