"""The city drawn: folium pages, tiles and the values that colour them."""
